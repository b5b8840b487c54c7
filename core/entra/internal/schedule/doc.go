// Package schedule decides when a Source asks its credential for a token, and how.
//
// A [Plan] is the state of that decision. [Claims], [Forced] and [Backoff] are parts of it, and the
// functions compute single times. Nothing here reads a clock, starts a goroutine or knows a secret:
// instants and random numbers are arguments.
//
// All lengths hold for tokens that live 30 minutes or longer, as Entra's do. They shrink in
// proportion for shorter lives, see [Scale].
package schedule

// Package admission decides when a dial or a login at a server may go ahead: the [LoginGate] admits
// logins by what the server has said about the credential, a [Spreading] spreads the dials that make
// up for many lost connections, and [WaitBudget] bounds how long both of them together may keep a
// connection waiting.
//
// All of it is plain state of one server address. The types take no lock, so their caller's guards
// them, and no method blocks: each decides from what it is told, the time and a random number
// included. The caller waits.
package admission

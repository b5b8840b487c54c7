// Package admission decides when a dial to a server may go ahead: the [Gate] holds dials back while
// the server refuses logins or may refuse them, and a [Spreading] spreads the dials that make up
// for many lost connections.
//
// Both are plain state of one server address. They take no lock, so their caller's guards them, and
// no method blocks: each decides from what it is told, the time and a random number included. The
// caller waits.
package admission

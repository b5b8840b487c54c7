// Package modelserver answers as Redis does where it matters to a connection into which AUTHs are
// put. It is for tests only: a client's commands go to one [Server] without AUTHs and to another
// one with them, and what the client reads must be the same.
//
// A Model has one connection and does no I/O: [Model.Feed] takes bytes and returns the answer. It
// notes each AUTH with the password [Token] that comes where none may be.
package modelserver

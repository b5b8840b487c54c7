package session

import "slices"

// An Edit changes what the client writes.
type Edit struct {
	At   int  // offset in what the client writes
	Cut  int  // how many bytes of the client are left out there
	Auth Auth // the AUTH that is put in instead, nil if it is something else
	// command is what is put in if that is no AUTH. The bytes of an AUTH stay in Auth, so that
	// whatever prints the edits of a connection finds no token.
	command []byte
}

// Ours returns the bytes that are put in. They must not be changed.
func (e Edit) Ours() []byte {
	if e.Auth != nil {
		return e.Auth.Wire()
	}
	return e.command
}

// HoldAuth reports whether an AUTH is among edits. What is composed with them holds a token then,
// and must not be kept.
func HoldAuth(edits []Edit) bool {
	return slices.ContainsFunc(edits, func(e Edit) bool { return e.Auth != nil })
}

// ClientBytes returns how many of the client's bytes were written, when so many bytes of the edited
// write were.
func ClientBytes(written int, edits []Edit) int {
	for _, e := range edits {
		n := len(e.Ours())
		if written < e.At+n {
			return min(written, e.At)
		}
		written += e.Cut - n
	}
	return written
}

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

// largeWrite bounds what is copied to go out together with what is put in.
const largeWrite = 64 << 10

// Edited is what the client writes with the edits made, in as few pieces as possible: one, unless it
// is large.
type Edited struct {
	Input []byte // of the client
	Edits []Edit
	Space []byte // in which a piece may be composed; Next takes another one if it is too small

	from int // what is before it in Input was returned
}

// Next returns the next piece, which is empty after the last one. It is valid until the next call.
func (e *Edited) Next() (piece []byte) {
	e.Space = e.Space[:0]
	for {
		end := len(e.Input)
		if len(e.Edits) > 0 {
			end = e.Edits[0].At
		}
		switch stretch := e.Input[e.from:end]; {
		case len(stretch) > largeWrite && len(e.Space) > 0:
			return e.Space
		case len(stretch) > largeWrite:
			e.from = end
			return stretch
		default:
			e.Space = append(e.Space, stretch...)
		}
		if e.from = end; len(e.Edits) == 0 {
			return e.Space
		}
		e.Space = append(e.Space, e.Edits[0].Ours()...)
		e.from += e.Edits[0].Cut
		e.Edits = e.Edits[1:]
	}
}

package resp

import (
	"encoding/binary"
	"math"
)

// A CommandScanner finds where commands end in the bytes that a client sends. The zero value is
// ready. It holds no pointers, so a copy of it is a checkpoint.
//
// Only the form that client libraries send is understood, an array of bulk strings. Inline commands
// are ErrUnknown.
type CommandScanner struct {
	state     commandState
	kind      Kind
	undecided bool // the kind depends on arguments that are still to come
	text      text // the header or the start of the argument that is being read
	argc      int32
	arg       int32 // index of the current argument
	skip      int64 // bytes of the current argument still to come, its CRLF included
}

type commandState uint8

const (
	commandStart  commandState = iota // before the '*' of a command
	commandHeader                     // inside its "*3\r\n"
	argHeader                         // inside the "$3\r\n" of an argument
	argPayload                        // inside the payload of an argument or its CRLF
)

// AtBoundary reports whether the bytes seen so far end where a command ends.
func (s *CommandScanner) AtBoundary() bool { return s.state == commandStart }

// Undecided reports whether the bytes seen so far end inside a command whose kind depends on its
// next bytes.
func (s *CommandScanner) Undecided() bool {
	return s.state == commandHeader || s.state != commandStart && s.undecided
}

// Kind returns the kind of the command that ended last, or of the unfinished one once it is decided.
func (s *CommandScanner) Kind() Kind { return s.kind }

// Argc returns the number of arguments, the name included, of the command that ended last.
func (s *CommandScanner) Argc() int32 { return s.argc }

// Missing returns how many bytes are still to come of the unfinished command, at least.
func (s *CommandScanner) Missing() int {
	if s.state != argHeader && s.state != argPayload {
		return 0
	}
	const leastArg = len("$0\r\n\r\n")
	const most = math.MaxInt32 / 2 // so that it can be added to a length where an int has 32 bits
	return int(min(min(s.skip, most)+int64(s.argc-s.arg-1)*int64(leastArg), most))
}

// Next scans p up to the end of a command. It returns how many bytes it took and whether a command ended there;
// if not, it took all of p. After an error the scanner is of no more use.
func (s *CommandScanner) Next(p []byte) (n int, end bool, err error) {
	for n < len(p) {
		switch s.state {
		case commandStart:
			if p[n] != '*' {
				return n, false, ErrUnknown
			}
			s.state = commandHeader
		case commandHeader, argHeader:
			taken, typ, num, size := s.text.header(p[n:])
			n += taken
			if size == 0 {
				return n, false, nil
			}
			if size < 0 || !s.begin(typ, num) {
				return n, false, ErrUnknown
			}
		case argPayload:
			taken := min(s.skip, int64(len(p)-n))
			if s.undecided {
				s.text.word(p[n:], taken, s.skip)
			}
			n += int(taken)
			s.skip -= taken
			if s.skip == 0 && s.endArg() {
				return n, true, nil
			}
		}
	}
	return n, false, nil
}

// begin takes a complete header.
func (s *CommandScanner) begin(typ byte, num int64) bool {
	if s.state == commandHeader {
		if typ != '*' || num < 1 || num > math.MaxInt32 { // which is Redis's own limit
			return false
		}
		s.argc, s.arg, s.kind, s.undecided = int32(num), 0, Ordinary, true
		s.state = argHeader
		return true
	}
	if typ != '$' || num < 0 {
		return false
	}
	s.skip = num + 2
	s.state = argPayload
	return true
}

// endArg closes the current argument and reports whether the command ends with it.
func (s *CommandScanner) endArg() bool {
	if s.undecided {
		s.kind, s.undecided = s.kind.withArgument(s.arg, s.argc, s.text.take())
	}
	s.arg++
	s.state = argHeader
	if s.arg < s.argc {
		return false
	}
	s.state = commandStart
	return true
}

// Ordinary takes the commands of kind Ordinary at the start of p, as long as p holds them as a
// whole. It returns how many bytes and commands it took; Next goes on from there. It is a fast path
// of Next for what clients nearly always write, at a third of the cost. Kind and Argc do not cover
// these commands.
func (s *CommandScanner) Ordinary(p []byte) (n int, commands uint64) {
	if s.state != commandStart {
		return 0, 0
	}
	for at := 0; len(p)-at >= 8; n, commands = at, commands+1 {
		argc, name := commandOpening(binary.LittleEndian.Uint64(p[at:]))
		if argc == 0 {
			if at = ordinaryEnd(p, at); at == 0 {
				return n, commands
			}
			continue
		}
		at += 8
		if name > len(p)-at-2 || mayMatter(p[at:at+name]) {
			return n, commands
		}
		at += name + 2
		for ; argc > 1; argc-- {
			if len(p)-at >= 8 && p[at] == '$' {
				length, size := shortHeader(binary.LittleEndian.Uint64(p[at:]))
				if size > 0 && length <= len(p)-at-size-2 {
					at += size + length + 2
					continue
				}
			}
			if at, _ = bulkString(p, at); at == 0 {
				return n, commands
			}
		}
	}
	return n, commands
}

// Within takes the next n bytes if they, and at least one byte more, belong to an argument that
// does not decide the kind. It reports whether it took them. It is a fast path for clients that
// write a long argument in pieces.
func (s *CommandScanner) Within(n int) bool {
	if s.state != argPayload || s.undecided || s.skip <= int64(n) {
		return false
	}
	s.skip -= int64(n)
	return true
}

// Unread gives back n bytes that Within took.
func (s *CommandScanner) Unread(n int) { s.skip += int64(n) }

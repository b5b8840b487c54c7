package resp

import (
	"encoding/binary"
	"math"
)

// Ordinary takes the commands at the start of p that lie there as a whole and are of kind Ordinary, one after the
// other. It returns how many bytes and how many commands it took; Next goes on from there. It is Next for what hosts
// nearly always write, at a third of the cost; Kind and Argc know nothing of these commands.
func (s *CommandScanner) Ordinary(p []byte) (n int, commands uint64) {
	if s.state != commandStart {
		return 0, 0
	}
	for at := 0; len(p)-at >= 8; n, commands = at, commands+1 {
		argc, name := opening(binary.LittleEndian.Uint64(p[at:]))
		if argc == 0 {
			if at = uncommon(p, at); at == 0 {
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
				length, size := short(binary.LittleEndian.Uint64(p[at:]))
				if size > 0 && length <= len(p)-at-size-2 {
					at += size + length + 2
					continue
				}
			}
			if at, _ = argument(p, at); at == 0 {
				return n, commands
			}
		}
	}
	return n, commands
}

// Within takes the n bytes that come next if all of them, and more, belong to an argument that nothing depends on, and
// reports whether it did: what writes of a long argument's pieces need.
func (s *CommandScanner) Within(n int) bool {
	if s.state != argPayload || s.words || s.skip <= int64(n) {
		return false
	}
	s.skip -= int64(n)
	return true
}

// Unread takes back what Within has taken.
func (s *CommandScanner) Unread(n int) { s.skip += int64(n) }

// uncommon returns where the ordinary command ends that begins at p[at], 0 if Next has to look at it. It is for more
// arguments and longer names than opening knows.
func uncommon(p []byte, at int) (end int) {
	argc, size := long(p[at:])
	if size == 0 || argc < 1 || argc > math.MaxInt32 || p[at] != '*' {
		return 0
	}
	end, name := argument(p, at+size)
	if end == 0 || mayMatter(name) {
		return 0
	}
	for ; argc > 1; argc-- {
		if end, _ = argument(p, end); end == 0 {
			return 0
		}
	}
	return end
}

// opening reads "*2\r\n$3\r\n", with which nearly every command begins: up to 9 arguments, a name of up to 9 letters.
// It returns 0 for another one.
func opening(b uint64) (argc, name int) {
	const digits = 0xf<<8 | 0xf<<40
	const form = '*' | '0'<<8 | '\r'<<16 | '\n'<<24 | '$'<<32 | '0'<<40 | '\r'<<48 | '\n'<<56
	argc, name = int(b>>8&0xf), int(b>>40&0xf)
	if b&^digits != form || argc > 9 || name > 9 {
		return 0, 0
	}
	return argc, name
}

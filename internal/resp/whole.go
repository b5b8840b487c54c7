package resp

import (
	"bytes"
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

// argument returns the bulk string that begins at p[at], and where it ends, 0 if it does not lie there as a whole.
func argument(p []byte, at int) (end int, arg []byte) {
	if at >= len(p) || p[at] != '$' {
		return 0, nil
	}
	length, size := 0, 0
	if len(p)-at >= 8 {
		length, size = short(binary.LittleEndian.Uint64(p[at:]))
	}
	if size == 0 {
		length, size = long(p[at:])
	}
	at += size
	if size == 0 || length < 0 || length > len(p)-at-2 {
		return 0, nil
	}
	return at + length + 2, p[at : at+length]
}

// Plain takes the replies at the start of p that consist of common values only, at most so many, and the messages to
// subscribers between them. It returns how many bytes it took and how many replies ended there. Of a reply that p holds
// only the start of, it takes the values that lie there as a whole. Next goes on from there. It is Next for what servers
// nearly always send, at a third of the cost.
func (s *ReplyScanner) Plain(p []byte, most uint64) (n int, replies uint64) {
	if s.typ != 0 {
		return 0, 0
	}
	for at := 0; at < len(p); n = at {
		if p[at] == '>' {
			if at = message(p, at); at == 0 {
				return n, replies
			}
			continue
		}
		if replies == most {
			return n, replies
		}
		for left := 1; left > 0; {
			if len(p)-at >= 8 && p[at] == '$' {
				length, size := short(binary.LittleEndian.Uint64(p[at:]))
				if size > 0 && length <= len(p)-at-size-2 {
					at += size + length + 2
					left--
					continue
				}
			}
			end, more := value(p, at)
			switch {
			case end > 0 && more < math.MaxInt32:
				at, left = end, left-1+more
			case at > n:
				s.typ, s.push, s.left = p[n], false, int64(left)
				return at, replies
			default:
				return n, replies
			}
		}
		replies++
	}
	return n, replies
}

// Within takes the n bytes that come next if all of them, and more, belong to a string of a reply, and reports whether it
// did: what reads of a long string's pieces need.
func (s *ReplyScanner) Within(n int) bool {
	if s.state != valueString || s.push || s.skip <= int64(n) {
		return false
	}
	s.skip -= int64(n)
	return true
}

// shortStrings takes strings at the start of p, at most so many, that are shorter than 100 bytes and lie there as a
// whole: aggregates consist of them mostly. It returns where they end and how many they are.
func shortStrings(p []byte, most int64) (end int, took int64) {
	for took < most && len(p)-end >= 8 && p[end] == '$' {
		length, size := short(binary.LittleEndian.Uint64(p[end:]))
		if size == 0 || length > len(p)-end-size-2 {
			break
		}
		end += size + length + 2
		took++
	}
	return end, took
}

// Message returns the length of the message to a subscriber at the start of p, or 0 if Next has to look at it. But for
// its first byte it is in RESP3 what it is in RESP2.
func (s *ReplyScanner) Message(p []byte) (n int) {
	if s.typ != 0 || len(p) == 0 || p[0] != '>' {
		return 0
	}
	return message(p, 0)
}

// message returns where the message ends that begins at p[at], 0 if it does not lie there as a whole or is another push.
func message(p []byte, at int) (end int) {
	const (
		message  = ">3\r\n$7\r\nmessage\r\n"  // channel, payload
		smessage = ">3\r\n$8\r\nsmessage\r\n" // channel, payload
		pmessage = ">4\r\n$8\r\npmessage\r\n" // pattern, channel, payload
	)
	if len(p)-at < len(pmessage) {
		return 0
	}
	strings := 2
	switch head := p[at : at+len(pmessage)]; {
	case string(head[:len(message)]) == message:
		at += len(message)
	case string(head) == smessage:
		at += len(smessage)
	case string(head) == pmessage:
		at += len(pmessage)
		strings = 3
	default:
		return 0
	}
	for ; strings > 0; strings-- {
		if at, _ = argument(p, at); at == 0 {
			return 0
		}
	}
	return at
}

// value returns where the value ends that begins at p[at], 0 if it does not lie there as a whole or is not a common one.
// An aggregate is its header only, and so many values more follow.
func value(p []byte, at int) (end, more int) {
	if at >= len(p) {
		return 0, 0
	}
	switch p[at] {
	case '+', '-', ':', '_', '#', ',':
		eol := bytes.IndexByte(p[at:], '\n')
		if eol < 0 || p[at+eol-1] != '\r' {
			return 0, 0
		}
		return at + eol + 1, 0
	case '$':
		if length, size := long(p[at:]); length < 0 {
			return at + size, 0
		}
		end, _ = argument(p, at)
		return end, 0
	case '*', '%', '~':
		values, size := long(p[at:])
		if size == 0 || values < 0 {
			return 0, 0
		}
		if p[at] == '%' {
			values *= 2
		}
		return at + size, values
	}
	return 0, 0
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

// short reads a length header of one or two digits, "$3\r\n", which nearly all are; its type byte it does not look at.
// It returns the number and how long the header is, 0 for another one.
func short(b uint64) (n, size int) {
	const crlf = '\r' | '\n'<<8
	n = int(b>>8&0xff) - '0'
	if b>>16&0xffff == crlf && uint(n) <= 9 {
		return n, 4
	}
	second := int(b>>16&0xff) - '0'
	if b>>24&0xffff == crlf && uint(n-1) < 9 && uint(second) <= 9 {
		return 10*n + second, 5
	}
	return 0, 0
}

// long is short for any length header, at the start of p, null's too, which is -1. It returns 0 also for one whose number is greater than
// len(p), so that what it is the length of cannot lie there as a whole.
func long(p []byte) (n, size int) {
	l, size := number(p[1:])
	if size <= 0 || l > int64(len(p)) {
		return 0, 0
	}
	return int(l), 1 + size
}

package resp

import (
	"bytes"
	"math"
)

// A ReplyScanner finds where frames end in the bytes that a server sends. A frame is a reply, with
// the attributes before it and the pushes inside it, or a push that stands alone. The zero value is
// ready.
//
// Aggregates need no stack. An aggregate of n values takes one from the number of values to come
// and adds n. Pushes and attributes are extra values at any depth: they add their own values and
// take none. Redis even puts pushes between the header of EXEC's array and its elements.
type ReplyScanner struct {
	state     replyState
	typ       byte      // of the frame, 0 before its first byte was seen
	value     byte      // type of the value that is being read
	cr        bool      // the byte before this one, in a line, was CR
	push      bool      // the frame is a push, or an array that may be one
	arrayPush bool      // the next frame may be a push if it is an array, see ArrayMayBePush
	text      text      // the header or the first word of a push that is being read
	remaining int64     // values still to come in this frame
	skip      int64     // bytes of a string still to come, its CRLF included
	says      pushWords // what the push says
}

type replyState uint8

const (
	valueStart  replyState = iota // before a type byte
	valueHeader                   // inside the length header of a string or an aggregate
	valueLine                     // inside a line: status, error, number, null, …
	valueString                   // inside the payload of a string or its CRLF
)

// maxValues bounds the values in a frame, far above what memory holds and far below overflow.
const maxValues = 1 << 60

// ArrayMayBePush says that the frame that Next begins now is for a subscriber in RESP2, to whom a
// server sends as arrays what it sends as pushes in RESP3: an array that begins with a word of Pub/Sub
// is a Push then.
func (s *ReplyScanner) ArrayMayBePush() { s.arrayPush = true }

// AtBoundary reports whether the bytes seen so far end where a frame ends.
func (s *ReplyScanner) AtBoundary() bool { return s.typ == 0 }

// AtValue reports whether the byte that comes next is the type byte of a value.
func (s *ReplyScanner) AtValue() bool { return s.state == valueStart }

// Next scans p up to the end of a frame. It returns how many bytes it took and, if a frame ended there, what it
// was; if not, it took all of p and the frame is None. After an error the scanner is of no more use.
func (s *ReplyScanner) Next(p []byte) (n int, f Frame, err error) { return s.scan(p, false) }

// NextValue is Next, but also stops before the type byte of the next value. Here the header of an
// aggregate is one value, and each of its elements another.
func (s *ReplyScanner) NextValue(p []byte) (n int, f Frame, err error) { return s.scan(p, true) }

func (s *ReplyScanner) scan(p []byte, single bool) (n int, f Frame, err error) {
	for n < len(p) {
		done := false
		switch s.state {
		case valueStart:
			if single && n > 0 {
				return n, None, nil
			}
			if s.remaining > 1 && !single && !s.push {
				if end, took := shortStrings(p[n:], uint64(s.remaining-1)); took > 0 {
					n += end
					s.remaining -= int64(took)
					continue
				}
			}
			s.value = p[n]
			s.open()
			n++
			switch s.value {
			case '+', '-', ':', '_', '#', ',', '(':
				s.state = valueLine
				s.cr = false
				if s.push && s.value == ':' {
					s.says.count = 0
				}
			case '$', '*', '%', '~', '>', '|', '=', '!':
				num, size := number(p[n:])
				if size > 0 {
					n += size
					if done, err = s.header(num); err != nil {
						return n, None, err
					}
					break
				}
				if size < 0 {
					return n, None, ErrUnknown
				}
				s.text.len = 1
				s.text.buf[0] = s.value
				s.state = valueHeader
				continue
			default:
				return n - 1, None, ErrUnknown
			}
		case valueHeader:
			taken, _, num, size := s.text.header(p[n:])
			n += taken
			if size == 0 {
				return n, None, nil
			}
			if size < 0 {
				return n, None, ErrUnknown
			}
			if done, err = s.header(num); err != nil {
				return n, None, err
			}
		}
		switch s.state {
		case valueLine:
			taken, ended := s.line(p[n:])
			n += taken
			done = ended
		case valueString:
			taken := min(s.skip, int64(len(p)-n))
			if s.push && !s.says.hasName {
				s.text.word(p[n:], taken, s.skip)
			}
			n += int(taken)
			s.skip -= taken
			done = s.skip == 0
		}
		if !done {
			continue
		}
		s.state = valueStart
		if s.push {
			s.endOfElement()
		}
		if s.remaining == 0 {
			f = s.frame()
			s.typ = 0
			return n, f, nil
		}
	}
	return n, None, nil
}

// open takes the type byte of a value.
func (s *ReplyScanner) open() {
	switch {
	case s.typ == 0:
		s.typ, s.remaining = s.value, 1
		s.push = s.value == '>' || s.arrayPush && s.value == '*'
		s.arrayPush = false
		if s.push {
			s.says = pushWords{}
		}
	case s.typ == '|' && s.remaining == 1 && s.value != '>':
		s.typ = s.value // the value that the attributes belong to
	}
	switch s.value {
	case '|', '>':
		// An extra value. header corrects the count for a push that stands alone.
	default:
		s.remaining--
	}
}

// header takes the number of a length header and reports whether the value, or all of an empty aggregate, ends
// with it.
func (s *ReplyScanner) header(num int64) (done bool, err error) {
	s.state = valueStart
	if num < 0 && s.value != '$' && s.value != '*' {
		return false, ErrUnknown
	}
	switch s.value {
	case '$', '=', '!':
		if num < 0 {
			return true, nil
		}
		s.skip = num + 2
		s.state = valueString
		return false, nil
	case '%', '|':
		num *= 2
	case '>':
		if s.push && !s.says.begun {
			s.remaining-- // the push itself is the frame
		}
	}
	s.remaining += max(num, 0)
	if num > maxValues || s.remaining > maxValues {
		return false, ErrUnknown
	}
	return true, nil
}

// line takes the rest of a line. As for clients and servers, only CRLF ends it; a lone LF or CR is
// content.
func (s *ReplyScanner) line(p []byte) (n int, end bool) {
	for n < len(p) {
		i := bytes.IndexByte(p[n:], '\n')
		if i < 0 {
			s.cr = p[len(p)-1] == '\r'
			if s.push {
				s.says.line(s.value, p[n:])
			}
			return len(p), false
		}
		if s.push {
			s.says.line(s.value, p[n:n+i])
		}
		if i > 0 {
			s.cr = p[n+i-1] == '\r'
		}
		n += i + 1
		if s.cr {
			return n, true
		}
	}
	return n, false
}

// frame names the frame that has ended.
func (s *ReplyScanner) frame() Frame {
	switch {
	case s.typ == '>', s.push && s.says.isPubSub:
		return Push
	case s.typ == '-', s.typ == '!':
		return Error
	case s.typ == '+':
		return Status
	case s.typ == '%':
		return Map
	case s.typ == '*':
		return Array
	}
	return Value
}

// endOfElement takes the kind of the push from its first element when that has ended.
func (s *ReplyScanner) endOfElement() {
	switch {
	case !s.says.begun:
		s.says.begun = true // which was the header
	case !s.says.hasName && s.value != '>':
		s.says.hasName = true
		s.says.kind, s.says.isPubSub = PubSubWord(s.text.take())
	}
}

// Confirmed returns what the Push that ended last says about subscriptions.
func (s *ReplyScanner) Confirmed() Confirmation {
	if s.says.kind == Ordinary {
		return Confirmation{}
	}
	return Confirmation{s.says.kind, s.says.count}
}

// Plain takes the replies at the start of p, and the pushes between them: at most most replies,
// including the one that is under way. It returns how many bytes it took and how many replies ended
// there. It may take only the start of the last frame. It stops before the end of a push that
// confirms a subscription, and before bytes at which Next fails; Next goes on from there. It is a
// fast path of Next for what servers nearly always send, at a third of the cost.
func (s *ReplyScanner) Plain(p []byte, most uint64) (n int, replies uint64) {
	if s.typ != 0 {
		if most == 0 && !s.push {
			return 0, 0
		}
		ended := false
		if n, ended = s.rest(p); !ended {
			return n, 0
		}
		if !s.push {
			replies = 1
		}
	}
	for at := n; at < len(p); n = at {
		if p[at] == '>' {
			if at = rewriteMessages(p, at, '>'); at > n {
				continue
			}
			took, ended := s.rest(p[at:])
			if at += took; !ended {
				return at, replies
			}
			continue
		}
		if replies == most {
			return n, replies
		}
		if end, took := shortStrings(p[at:], most-replies); took > 0 {
			at += end
			replies += took
			continue
		}
		for remaining := uint64(1); remaining > 0; {
			end, more := valueEnd(p, at)
			if end == 0 || more >= math.MaxInt32 {
				if at > n {
					s.typ, s.push, s.remaining = p[n], false, int64(remaining)
				}
				took, ended := s.rest(p[at:])
				if at += took; !ended {
					return at, replies
				}
				break
			}
			at, remaining = end, remaining-1+uint64(more)
			end, took := shortStrings(p[at:], remaining)
			at += end
			remaining -= took
		}
		replies++
	}
	return n, replies
}

// rest takes the rest of a frame, or what p holds of it, and reports whether the frame has ended.
// It takes nothing if Next would fail, or if a push that confirms a subscription would end.
func (s *ReplyScanner) rest(p []byte) (n int, ended bool) {
	before := *s
	n, f, err := s.Next(p)
	if err != nil || f == Push && s.says.kind != Ordinary {
		*s = before
		return 0, false
	}
	return n, f != None
}

// Downgrade turns the messages to a subscriber at the start of p into those of RESP2, which differ
// in their first byte only, and returns how many bytes they are.
func (s *ReplyScanner) Downgrade(p []byte) (n int) {
	if s.typ != 0 {
		return 0
	}
	return rewriteMessages(p, 0, '*')
}

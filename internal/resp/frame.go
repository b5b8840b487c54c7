package resp

import "math"

// A Frame says what the server sent, as far as it matters.
type Frame uint8

// The frames.
const (
	None   Frame = iota // not ended yet
	Status              // +
	Error               // - or !
	Map                 // %
	Array               // *
	Value               // any other reply
	Push                // > that stands alone: not a reply
)

// A Confirmation is what a push says about subscriptions.
type Confirmation struct {
	Kind  Kind  // Subscribe to SUnsubscribe; Ordinary for any other push
	Count int32 // subscriptions left after it, as the server counts them
}

// Confirmed returns what the Push that ended last says about subscriptions.
func (s *ReplyScanner) Confirmed() Confirmation {
	if s.says.kind == Ordinary {
		return Confirmation{}
	}
	return Confirmation{s.says.kind, s.says.count}
}

// pushWords keeps the two things of a push that may matter: its first word and its last number.
type pushWords struct {
	count int32 // or as much as fits
	begun bool
	named bool // the first element is over
	kind  Kind
}

// endOfElement looks at an element of a push that has ended.
func (s *ReplyScanner) endOfElement() {
	if s.says.named || s.value == '>' {
		return
	}
	s.says.named = true
	switch string(s.text.take()) {
	case "subscribe":
		s.says.kind = Subscribe
	case "psubscribe":
		s.says.kind = PSubscribe
	case "ssubscribe":
		s.says.kind = SSubscribe
	case "unsubscribe":
		s.says.kind = Unsubscribe
	case "punsubscribe":
		s.says.kind = PUnsubscribe
	case "sunsubscribe":
		s.says.kind = SUnsubscribe
	}
}

// line takes a piece of a line of the given type.
func (w *pushWords) line(typ byte, p []byte) {
	if typ != ':' {
		return
	}
	for _, c := range p {
		if d := c - '0'; d <= 9 && w.count < math.MaxInt32/10 {
			w.count = w.count*10 + int32(d)
		}
	}
}

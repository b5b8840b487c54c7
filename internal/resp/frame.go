package resp

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
	Count int64 // subscriptions left after it, as the server counts them
}

// Confirmed returns what the Push that ended last says about subscriptions.
func (s *ReplyScanner) Confirmed() Confirmation {
	if s.said.wordLen == 0 || s.said.wordLen == maxWord {
		return Confirmation{}
	}
	switch string(s.said.word[:s.said.wordLen]) {
	case "subscribe":
		return Confirmation{Subscribe, s.said.num}
	case "psubscribe":
		return Confirmation{PSubscribe, s.said.num}
	case "ssubscribe":
		return Confirmation{SSubscribe, s.said.num}
	case "unsubscribe":
		return Confirmation{Unsubscribe, s.said.num}
	case "punsubscribe":
		return Confirmation{PUnsubscribe, s.said.num}
	case "sunsubscribe":
		return Confirmation{SUnsubscribe, s.said.num}
	}
	return Confirmation{}
}

// pushWords keeps the two things of a push that may matter: its first string and its last number.
type pushWords struct {
	begun   bool
	named   bool // the first element is over
	wordLen uint8
	word    [maxWord]byte
	num     int64
	next    int64
}

// string takes a piece of a string of which skip bytes, its CRLF included, were still to come.
func (w *pushWords) string(p []byte, taken, skip int64) {
	if w.named {
		return
	}
	if payload := min(taken, skip-2); payload > 0 {
		w.wordLen += uint8(copy(w.word[w.wordLen:], p[:payload]))
	}
}

// line takes a piece of a line of the given type.
func (w *pushWords) line(typ byte, p []byte) {
	if typ != ':' {
		return
	}
	for _, c := range p {
		if d := c - '0'; d <= 9 && w.next < maxValues/10 {
			w.next = w.next*10 + int64(d)
		}
	}
}

// end closes an element of the given type.
func (w *pushWords) end(typ byte) {
	switch typ {
	case ':':
		w.num, w.next = w.next, 0
		w.named = true
	case '>':
	default:
		w.named = true
	}
}

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

// pushWords keeps the two things of a push that may matter: its first word and its last number.
type pushWords struct {
	count int32 // or as much as fits
	begun bool
	named bool // the first element is over
	kind  Kind
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

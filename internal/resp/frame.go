package resp

import "math"

// A Frame is the kind of what the server sent.
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

// pushWords keeps the two parts of a push that can confirm a subscription: its first word and its
// last number.
type pushWords struct {
	count   int32 // the last number, or its first digits if it does not fit
	begun   bool  // the header of the push was read
	hasName bool  // the first element was read
	kind    Kind
}

// line adds a piece of a line of the given type to the count, if it is a number.
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

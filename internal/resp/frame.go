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
	Push                // > that stands alone, or the same as an array to a subscriber in RESP2: not a reply
)

// A Confirmation is what a push says about subscriptions.
type Confirmation struct {
	Kind  Kind  // Subscribe to SUnsubscribe; Ordinary for any other push
	Count int32 // subscriptions left after it, as the server counts them
}

// pushWords keeps the two parts of a push that can confirm a subscription: its first word and its
// last number.
type pushWords struct {
	count    int32 // the last number, or its first digits if it does not fit
	begun    bool  // the header of the push was read
	hasName  bool  // the first element was read
	isPubSub bool  // the first element is a word of Pub/Sub
	kind     Kind
}

// PubSubWord reports whether a push that begins with word is one of Pub/Sub. RESP2 has these nine and
// no others. kind is Ordinary for the three that bring a message, and else what the push confirms.
func PubSubWord(word []byte) (kind Kind, ok bool) {
	switch string(word) {
	case "message", "pmessage", "smessage":
		return Ordinary, true
	case "subscribe":
		return Subscribe, true
	case "psubscribe":
		return PSubscribe, true
	case "ssubscribe":
		return SSubscribe, true
	case "unsubscribe":
		return Unsubscribe, true
	case "punsubscribe":
		return PUnsubscribe, true
	case "sunsubscribe":
		return SUnsubscribe, true
	}
	return Ordinary, false
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

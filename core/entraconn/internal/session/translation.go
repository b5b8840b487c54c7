package session

import (
	"bytes"

	"github.com/entraredis/entraredis/internal/resp"
)

// A translation turns what a server says in RESP3 to a subscriber into what it would say in RESP2:
//
//   - The nine pushes of Pub/Sub are arrays there.
//   - An invalidation of client-side caching is a message on a channel of its own, if another
//     connection has redirected its invalidations to this one. A connection that tracks by itself is
//     told nothing in RESP2. The two cannot be told apart in RESP3, so such a connection is not
//     upgraded, see protocol.noteKeyTracking.
//   - RESP2 has no other push. The server says nothing in its place, whatever it is.
//   - Of replies, null and the answer to PING differ.
type translation struct {
	pushHead []byte // the first bytes of the push that is being read, until it is known what it is
	inHead   bool   // pushHead is incomplete
	discards bool   // the frame: RESP2 has nothing that says what this push says
	replaced bool   // the value that is being read, by another one
}

// longestPushHead is longer than the count and the first word of any push that RESP2 has.
const longestPushHead = 64

var (
	invalidateMessage = []byte("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n")
	pong              = []byte("*2\r\n$4\r\npong\r\n")
	pongAlone         = []byte("*2\r\n$4\r\npong\r\n$0\r\n\r\n")
	nullInRESP2       = []byte("$-1\r\n")
)

// A listener is what the meaning of a frame depends on.
type listener struct {
	subscribed bool // the server takes the connection for a subscriber
	pinged     bool // it is, and the reply that comes next is one to PING, which RESP2 answers in another way
}

// translate takes the piece of a frame that begins at o.p[at:], one value at most, and puts into o
// what RESP2 has in its place.
func (t *translation) translate(
	frames *resp.ReplyScanner, at int, listener listener, o *outlet,
) (n int, frame resp.Frame, err error) {
	beginsValue, beginsFrame := frames.AtValue(), frames.AtBoundary()
	n, frame, err = frames.NextValue(o.p[at:])
	if err != nil {
		return n, frame, err
	}
	piece := o.p[at : at+n]
	if beginsFrame {
		t.discards, t.inHead = false, piece[0] == '>'
		t.pushHead = t.pushHead[:0]
	}
	if beginsValue {
		t.replaced = false
	}
	switch {
	case t.discards, t.replaced:
	case t.inHead:
		t.pushHead = append(t.pushHead, piece[:min(n, longestPushHead-len(t.pushHead))]...)
		if frames.AtValue() || len(t.pushHead) == longestPushHead {
			t.decideHead(listener.subscribed, at+n, o)
		}
	case beginsValue && piece[0] == '_':
		o.put(nullInRESP2, at+n)
		t.replaced = true
	case beginsFrame && listener.pinged && piece[0] == '+':
		o.put(pongAlone, at+n)
		t.replaced = true
	case beginsFrame && listener.pinged && piece[0] == '$':
		o.put(pong, at)
		o.forward(at, at+n)
	default:
		o.forward(at, at+n)
	}
	return n, frame, nil
}

// decideHead looks at the head of a push, of which one more value is complete, or that is too long to
// be one that RESP2 has. That is discarded, and so is an invalidation on a connection without a
// subscription.
func (t *translation) decideHead(subscribed bool, free int, o *outlet) {
	word, ok := firstWord(t.pushHead)
	if !ok && len(t.pushHead) < longestPushHead {
		return // it is still to come
	}
	t.inHead = false
	_, isPubSub := resp.PubSubWord(word)
	switch {
	case isPubSub:
		t.pushHead[0] = '*'
		o.put(t.pushHead, free)
	case string(word) == "invalidate" && subscribed:
		o.put(invalidateMessage, free)
	default:
		t.discards = true
	}
}

// firstWord returns the first value of a push, if that is complete: a string, or a line.
func firstWord(pushHead []byte) (word []byte, ok bool) {
	_, value, _ := bytes.Cut(pushHead, []byte("\r\n"))
	word, following, ok := bytes.Cut(value, []byte("\r\n"))
	if ok && word[0] == '$' {
		word, _, ok = bytes.Cut(following, []byte("\r\n"))
		return word, ok
	}
	return bytes.TrimLeft(word, "+"), ok
}

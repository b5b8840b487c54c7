package session

import "github.com/entraredis/entraredis/internal/resp"

// A translation turns what a server says in RESP3 to a subscriber into what it would say in RESP2.
// Only what a subscriber may ask for can come: confirmations and messages, pushes of three or four
// strings and numbers; the answer to PING; errors. And invalidations of client-side caching, if the
// client has them redirected to this connection.
type translation struct {
	pushHead []byte // of the push that is being read, until it is known what it is
	inHead   bool   // pushHead is incomplete
	discards bool   // the frame: RESP2 has nothing that says what this push says
	replaced bool   // the value that is being read, by another one
}

const invalidate = ">2\r\n$10\r\ninvalidate\r\n"

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
		t.pushHead = append(t.pushHead, piece...)
		if frames.AtValue() {
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

// decideHead looks at the head of a push, of which one more value is complete. A push of two can
// only be about caching.
func (t *translation) decideHead(subscribed bool, free int, o *outlet) {
	switch {
	case string(t.pushHead) == ">2\r\n":
		return // the name is still to come
	case string(t.pushHead[:3]) != ">2\r":
		t.pushHead[0] = '*'
		o.put(t.pushHead, free)
	case string(t.pushHead) == invalidate && subscribed:
		o.put(invalidateMessage, free)
	default:
		t.discards = true // an invalidation on a connection without a subscription, or a broken redirection
	}
	t.inHead = false
}

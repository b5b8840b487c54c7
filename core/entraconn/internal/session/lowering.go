package session

import "github.com/entraredis/entraredis/internal/resp"

// A lowering turns what a server says in RESP3 to a subscriber into what it would say in RESP2.
// Only what a subscriber may ask for can come: confirmations and messages, pushes of three or four
// strings and numbers; the answer to PING; errors. And invalidations of client-side caching, if the
// client has them redirected to this connection.
type lowering struct {
	head    []byte // of the push that is being read, until it is known what it is
	holding bool   // head is incomplete
	drop    bool   // RESP2 has nothing that says what this push says
	skip    bool   // the value that is being read was replaced
}

const invalidate = ">2\r\n$10\r\ninvalidate\r\n"

var (
	invalidateMessage = []byte("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n")
	pong              = []byte("*2\r\n$4\r\npong\r\n")
	pongAlone         = []byte("*2\r\n$4\r\npong\r\n$0\r\n\r\n")
	null              = []byte("$-1\r\n")
)

// lowered takes a piece of a frame, one value at most, and puts into o what RESP2 has in its place.
func (s *Session) lowered(p []byte, at int, o *outlet) (n int, frame resp.Frame, err error) {
	l := s.lowering
	begins, first := s.replies.AtValue(), s.replies.AtBoundary()
	n, frame, err = s.replies.NextValue(p[at:])
	if err != nil {
		return n, frame, err
	}
	piece := p[at : at+n]
	ended := s.replies.AtValue()
	if first {
		l.drop, l.holding = false, piece[0] == '>'
		l.head = l.head[:0]
	}
	if begins {
		l.skip = false
	}
	switch {
	case l.drop, l.skip:
	case l.holding:
		l.head = append(l.head, piece...)
		if ended {
			s.decide(at+n, o)
		}
	case begins && piece[0] == '_':
		o.put(null, at+n)
		l.skip = true
	case first && s.answersPing() && piece[0] == '+':
		o.put(pongAlone, at+n)
		l.skip = true
	case first && s.answersPing() && piece[0] == '$':
		o.put(pong, at)
		o.pass(at, at+n)
	default:
		o.pass(at, at+n)
	}
	return n, frame, nil
}

// decide looks at the head of a push, of which one more value is complete. A push of two can only
// be about caching.
func (s *Session) decide(free int, o *outlet) {
	l := s.lowering
	switch {
	case string(l.head) == ">2\r\n":
		return // the name is still to come
	case string(l.head[:3]) != ">2\r":
		l.head[0] = '*'
		o.put(l.head, free)
	case string(l.head) == invalidate && s.subscribed():
		o.put(invalidateMessage, free)
	default:
		l.drop = true // an invalidation on a connection without a subscription, or a broken redirection
	}
	l.holding = false
}

// answersPing reports whether the reply that begins is one to PING from a subscriber, to whom RESP2
// gives another one.
func (s *Session) answersPing() bool {
	e := s.ledger.first()
	return e != nil && e.kind == awaitPing && e.at == s.read+1 && s.subscribed()
}

// subscribed reports whether the server takes the connection for a subscriber.
func (s *Session) subscribed() bool { return s.channels+s.patterns+s.shards > 0 }

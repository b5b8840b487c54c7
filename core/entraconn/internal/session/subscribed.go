package session

import "github.com/entraredis/entraredis/internal/resp"

// subscribeAnswered takes a reply where a subscription waited for its confirmation. Confirmations
// in RESP3 are pushes and come before any later reply, so this is the error that refuses it: the
// one reply that it gives. In RESP2 arrays confirm it, one for each channel. An UNSUBSCRIBE that
// finds nothing to end changes nothing there: a connection that has subscribed in RESP2 does not
// get here any more.
func (s *Session) subscribeAnswered(e *entry, frame resp.Frame) error {
	switch {
	case frame == resp.Error:
	case s.proto == 2 && frame == resp.Array && e.unsubscribes():
		if e.left--; e.left > 0 {
			return nil
		}
	case s.proto == 2 && frame == resp.Array:
		s.goStreaming(BecauseSubscriber)
	default:
		if s.oursOutstanding() {
			return ErrDesync
		}
		s.goStreaming(BecauseBlind)
	}
	s.drop()
	return nil
}

// confirm takes a push that confirms, or says something else.
func (s *Session) confirm(c resp.Confirmation) {
	var left int32
	count := c.Count
	switch c.Kind {
	case resp.Subscribe, resp.Unsubscribe:
		s.channels = count - s.patterns // the server counts these two together
		left = s.channels
	case resp.PSubscribe, resp.PUnsubscribe:
		s.patterns = count - s.channels
		left = s.patterns
	case resp.SSubscribe, resp.SUnsubscribe:
		s.shards = count
		left = s.shards
	default:
		return
	}
	e := s.ledger.first()
	if e == nil || e.kind != awaitSubscribed || e.at != s.read+1 || e.sub != c.Kind {
		return // unsolicited: a slot that moved away
	}
	if e.left == untilNone {
		if left > 0 {
			return
		}
	} else if e.left--; e.left > 0 {
		return
	}
	s.drop()
}

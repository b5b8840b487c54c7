package entraconn

import "time"

// A blocking command that could outlive the token is sent in slices: with a shorter timeout, and again when the server
// has answered null at its end, behind the AUTH that is due by then. The host sees one call, and what is popped is
// still popped in one step by the server.
//
// Only a null at the end of a slice is ours. An earlier one is the host's: somebody has sent CLIENT UNBLOCK, as
// rueidis does when a call is cancelled, and nobody waits for elements any more. What the host writes behind such a
// command is held back until it is over, because a command that is sent again would come behind that.

// A slicedCall is the blocking command that is being sent in slices. A connection has one at most.
type slicedCall struct {
	at      uint64 // number of its reply; 0 if there is no such command
	command []byte // as the host wrote it
	timeout []byte // the argument that was sent instead of the host's
	call    blockingCall
	until   time.Time     // the end of the host's timeout, zero for never
	began   time.Time     // when this slice was written
	length  time.Duration // of this slice
	over    bool          // the slice has ended, and the command waits to be sent again
	resent  bool          // it is being sent again

	tail uint64 // number of the reply to the last XREAD from the end of a stream
}

// slice looks at a blocking command that lies in p at [start, end), and shortens its timeout if it could block for
// too long. It reports whether the command has to wait until everything before it was answered: only then is it known
// when it begins to block.
func (s *session) slice(p []byte, start, end int, out outside) (wait bool) {
	switch {
	case s.unrenewable != renewable, s.sent.prefix, s.sent.mute:
		return false
	case s.inMulti():
		return s.awaits(awaitDiscard) // where that is refused, the command is queued
	}
	call, ok := parseBlockingCall(p[start:end])
	if s.sliced == nil {
		s.sliced = &slicedCall{}
	}
	resent := s.sliced.resent
	s.sliced.resent = false
	if call.tail {
		s.sliced.tail = s.sent.replies + 1
	}
	if !ok {
		return false
	}
	now, most := out.mayBlock(s.lastAuth())
	if call.timeout > 0 && call.timeout <= most {
		return false
	}
	c := s.sliced
	if !s.calm() {
		c.resent = resent
		return true
	}
	c.at = s.sent.replies + 1
	c.command = append(c.command[:0], p[start:end]...)
	c.call, c.began, c.length, c.over = call, now, most, false
	c.until = time.Time{}
	if call.timeout > 0 {
		c.until = now.Add(call.timeout)
	}
	c.timeout = call.appendTimeout(c.timeout[:0], most)
	s.edit(edit{at: start + call.from, cut: call.to - call.from, ours: c.timeout})
	if !resent {
		out.blocks(s.id)
	}
	return false
}

// slicing reports whether a command is being sent in slices.
func (s *session) slicing() bool { return s.sliced != nil && s.sliced.at != 0 }

// retract forgets what was to be answered after the first replies, because it was not written.
func (c *slicedCall) retract(replies uint64) {
	if c.at > replies {
		c.at = 0
	}
	if c.tail > replies {
		c.tail = 0
	}
}

// tailing reports whether nothing is outstanding but an XREAD from the end of a stream. It cannot be sent twice, but it
// takes nothing with it either when its connection ends.
func (s *session) tailing() bool {
	return s.sliced != nil && s.sliced.tail == s.read+1 && s.read+1 == s.sent.replies && s.replies.AtBoundary() &&
		s.sent.holding == holdNothing && s.sent.scan.AtBoundary()
}

// calm reports whether the server has answered everything but AUTHs of ours.
func (s *session) calm() bool {
	return s.onlyAuths() && s.read+uint64(s.ledger.len) == s.sent.replies
}

// lastAuth returns the last of our AUTHs that is unanswered, nil if there is none.
func (s *session) lastAuth() (last Auth) {
	for i := range s.ledger.len {
		if e := s.ledger.nth(i); e.kind == awaitAuth {
			last = e.auth
		}
	}
	return last
}

// ended reports whether a null that comes now is the end of the slice and not the host's.
func (c *slicedCall) ended(now time.Time) bool {
	if now.Sub(c.began) < c.length-clockTolerance(c.length) {
		return false
	}
	return c.until.IsZero() || c.until.Sub(now) >= time.Millisecond
}

// sliceOverdue reports whether the server should have ended the slice by now. If it is still not known to have ended,
// the client does not read.
func (s *session) sliceOverdue(now time.Time) bool {
	return s.slicing() && !s.sliced.over && now.Sub(s.sliced.began) > s.sliced.length
}

// sliceEnds reports whether a null that comes now is the end of the slice. If the call was cancelled meanwhile, the
// client may have it, unless it should get an error instead.
func (s *session) sliceEnds(out outside) bool {
	now, end := out.cancelled(s.id, s.sliced.began)
	return s.sliced.ended(now) && end != owedNull
}

// again returns the sliced command, whose slice has ended, with what is left of its timeout, to be planned as if the
// client were writing it now. If the call was cancelled meanwhile, it is over instead, and the client is owed a reply;
// due reports whether the client can have that now, and not only when the rest of a push was read.
func (s *session) again(out outside) (command []byte, cancelled, due bool) {
	now, end := out.cancelled(s.id, s.sliced.began)
	if end != owedNothing {
		s.owe(end)
		return nil, true, s.replies.AtBoundary()
	}
	return s.sliced.again(now), false, false
}

// again gives the command back with what is left of its timeout, as if the host were writing it now.
func (c *slicedCall) again(now time.Time) []byte {
	c.at, c.resent = 0, true
	b := append([]byte(nil), c.command[:c.call.from]...)
	if c.until.IsZero() {
		b = append(b, c.command[c.call.from:c.call.to]...)
	} else {
		b = c.call.appendTimeout(b, c.until.Sub(now))
	}
	return append(b, c.command[c.call.to:]...)
}

// An owed is what a host is to get for a sliced command that was to be unblocked between two slices, where the server had
// nothing to unblock.
type owed uint8

const (
	owedNothing owed = iota
	owedNull         // as at the end of a timeout
	owedError        // after CLIENT UNBLOCK with ERROR
)

// owes reports whether the client is to get something that the server did not send, for which received must be called.
func (s *session) owes() bool { return s.owed != owedNothing }

// owe ends the sliced command. The host gets what it is owed with its next read.
func (s *session) owe(what owed) {
	s.sliced.at = 0
	s.owed = what
}

// endOfCall returns what the server would have said.
func (s *session) endOfCall(what owed) []byte {
	switch {
	case what == owedError:
		return []byte("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
	case s.proto == 3:
		return []byte("_\r\n")
	}
	return []byte("*-1\r\n")
}

// beginSliced looks at the first bytes of the reply to a sliced command. A null is *-1, $-1 or _.
func (s *session) beginSliced(p []byte, out outside) {
	switch first := p[0]; {
	case first == '_', (first == '*' || first == '$') && len(p) > 1 && p[1] == '-':
		s.ours = s.sliceEnds(out)
	case (first == '*' || first == '$') && len(p) == 1:
		s.undecided = first
	}
}

// tellNull looks at the second byte, which tells a null from a value. Until then the first one was kept from the host.
func (s *session) tellNull(second byte, o *outlet, out outside) {
	if second == '-' && s.sliceEnds(out) {
		s.ours = true
	} else {
		o.put([]byte{s.undecided}, 0)
	}
	s.undecided = 0
}

// blockingAnswered takes the reply to a blocking command.
func (s *session) blockingAnswered(e entry) {
	if !s.slicing() || s.sliced.at != e.at {
		return
	}
	if s.ours {
		s.sliced.over = true
		return
	}
	s.sliced.at = 0
	if cap(s.sliced.command) > largeBuffer {
		s.sliced.command = nil
	}
}

// clockTolerance is how much earlier than its end a slice may seem to end, because the server's clock goes faster than
// ours. Clocks that NTP corrects differ by 0.05 % at most; twice that, and a millisecond for the rounding of Redis.
func clockTolerance(slice time.Duration) time.Duration { return time.Millisecond + slice/1000 }

// largeBuffer bounds what a connection keeps to use again.
const largeBuffer = 4 << 10

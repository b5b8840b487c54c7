package session

import "time"

// A blocking command that could outlive the token is sent in slices: with a shorter timeout, and
// again when the server has answered null at its end, behind the AUTH that is due by then. The
// client sees one call, and what is popped is still popped in one step by the server.
//
// Only a null at the end of a slice is ours. An earlier one is the client's: a
// CLIENT UNBLOCK was sent, as rueidis does when a call is cancelled, and no caller waits for elements any more.
// What the client writes behind such a command is held back until it is over, because a command
// that is sent again would come behind that.

// A slicedCall is the blocking command that is being sent in slices. A connection has one at most.
type slicedCall struct {
	at      uint64 // number of its reply; 0 if there is no such command
	command []byte // as the client wrote it
	timeout []byte // the argument that was sent instead of the client's
	call    blockingCall
	until   time.Time     // the end of the client's timeout, zero for never
	began   time.Time     // when this slice was written
	length  time.Duration // of this slice
	over    bool          // the slice has ended, and the command waits to be sent again
	resent  bool          // it is being sent again

	tail uint64 // number of the reply to the last XREAD from the end of a stream
}

// slice looks at a blocking command that lies in p at [start, end), and shortens its timeout if it
// could block for too long. It reports whether the command has to wait until everything before it
// was answered: only then is it known when it begins to block.
func (s *Session) slice(p []byte, start, end int, out Environment) (wait bool) {
	switch {
	case s.unrenewable != Renewable, s.sent.prefix, s.sent.mute:
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
	now, most := out.MayBlock(s.lastAuth())
	if call.timeout > 0 && call.timeout <= most {
		return false
	}
	c := s.sliced
	if !s.drained() {
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
	s.edit(Edit{At: start + call.from, Cut: call.to - call.from, Ours: c.timeout})
	if !resent {
		out.Blocks(s.id)
	}
	return false
}

// Slicing reports whether a blocking command is being sent in slices: what the client writes after
// it is held back.
func (s *Session) Slicing() bool { return s.sliced != nil && s.sliced.at != 0 }

// retract forgets what was to be answered after the first replies, because it was not written.
func (c *slicedCall) retract(replies uint64) {
	if c.at > replies {
		c.at = 0
	}
	if c.tail > replies {
		c.tail = 0
	}
}

// tailing reports whether nothing is outstanding but an XREAD from the end of a stream. It cannot
// be sent twice, but it takes nothing with it either when its connection ends.
func (s *Session) tailing() bool {
	return s.sliced != nil && s.sliced.tail == s.read+1 && s.read+1 == s.sent.replies && s.replies.AtBoundary() &&
		s.sent.holding == holdNothing && s.sent.scan.AtBoundary()
}

// drained reports whether the server has answered everything but AUTHs of ours.
func (s *Session) drained() bool {
	return s.onlyAuths() && s.read+uint64(s.ledger.len) == s.sent.replies
}

// lastAuth returns the last of our AUTHs that is unanswered, nil if there is none.
func (s *Session) lastAuth() (last Auth) {
	for i := range s.ledger.len {
		if e := s.ledger.nth(i); e.kind == awaitAuth {
			last = e.auth
		}
	}
	return last
}

// ended reports whether a null that comes now is the end of the slice and not the client's.
func (c *slicedCall) ended(now time.Time) bool {
	if now.Sub(c.began) < c.length-clockTolerance(c.length) {
		return false
	}
	return c.until.IsZero() || c.until.Sub(now) >= time.Millisecond
}

// SliceOverdue reports whether the server should have ended a slice by now, and that was not
// received: the client does not read.
func (s *Session) SliceOverdue(now time.Time) bool {
	return s.Slicing() && !s.sliced.over && now.Sub(s.sliced.began) > s.sliced.length
}

// SliceEnd returns when the server should end the slice, zero if none is under way.
func (s *Session) SliceEnd() time.Time {
	if !s.Slicing() || s.sliced.over {
		return time.Time{}
	}
	return s.sliced.began.Add(s.sliced.length)
}

// sliceEnds reports whether a null that comes now is the end of the slice. If the call was
// cancelled meanwhile, the client may have it, unless it should get an error instead.
func (s *Session) sliceEnds(out Environment) bool {
	now, end := out.Cancelled(s.id, s.sliced.began)
	return s.sliced.ended(now) && end != NullReply
}

// Again returns the command whose slice has ended, with what is left of its timeout, to be planned
// as if the client were writing it now, before what is held back. It is for when Slicing and Ready
// report true. If the call was cancelled meanwhile, it is over instead, and HasPendingReply reports
// true; due reports whether the client can have that reply now, and not only when the rest of a
// push was read.
func (s *Session) Again(out Environment) (command []byte, cancelled, due bool) {
	now, end := out.Cancelled(s.id, s.sliced.began)
	if end != NoReply {
		s.setPendingReply(end)
		return nil, true, s.replies.AtBoundary()
	}
	return s.sliced.again(now), false, false
}

// again gives the command back with what is left of its timeout, as if the client were writing it
// now.
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

// A PendingReply is one that a Session synthesizes for a call that CLIENT UNBLOCK cancels between
// two slices, where the server has nothing to unblock.
type PendingReply uint8

const (
	NoReply        PendingReply = iota // the call was not cancelled
	NullReply                          // as at the end of a timeout
	UnblockedReply                     // the error after CLIENT UNBLOCK with ERROR
)

// HasPendingReply reports whether the client is to get a reply that the server did not send. The
// next Received gives it, with an empty p too, unless a push was read in part.
func (s *Session) HasPendingReply() bool { return s.pendingReply != NoReply }

// setPendingReply ends the sliced command. The client gets the reply with its next read.
func (s *Session) setPendingReply(what PendingReply) {
	s.sliced.at = 0
	s.pendingReply = what
}

// encodePendingReply returns what the server would have said.
func (s *Session) encodePendingReply(what PendingReply) []byte {
	switch {
	case what == UnblockedReply:
		return []byte("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
	case s.proto == 3:
		return []byte("_\r\n")
	}
	return []byte("*-1\r\n")
}

// beginSliced looks at the first bytes of the reply to a sliced command. A null is *-1, $-1 or _.
func (s *Session) beginSliced(p []byte, out Environment) {
	switch first := p[0]; {
	case first == '_', (first == '*' || first == '$') && len(p) > 1 && p[1] == '-':
		s.ours = s.sliceEnds(out)
	case (first == '*' || first == '$') && len(p) == 1:
		s.undecided = first
	}
}

// tellNull looks at the second byte, which tells a null from a value. Until then the first one was
// kept from the client.
func (s *Session) tellNull(second byte, o *outlet, out Environment) {
	if second == '-' && s.sliceEnds(out) {
		s.ours = true
	} else {
		o.put([]byte{s.undecided}, 0)
	}
	s.undecided = 0
}

// blockingAnswered takes the reply to a blocking command.
func (s *Session) blockingAnswered(e entry) {
	if !s.Slicing() || s.sliced.at != e.at {
		return
	}
	if s.ours {
		s.sliced.over = true
		return
	}
	s.sliced.at = 0
	if cap(s.sliced.command) > largeCommand {
		s.sliced.command = nil
	}
}

// clockTolerance is how much earlier than its end a slice may seem to end, because the server's
// clock goes faster than ours. Clocks that NTP corrects differ by 0.05 % at most; twice that, and a
// millisecond for the rounding of Redis.
func clockTolerance(slice time.Duration) time.Duration { return time.Millisecond + slice/1000 }

// largeCommand bounds the memory that a session keeps for the next sliced command.
const largeCommand = 4 << 10

package session

import (
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A blocking command that could outlive the token is sent in slices: with a shorter timeout, and
// again when the server has answered null at its end, after the AUTH that is due by then. The
// client sees one call, and the server still pops what it pops in one step. Package lease says
// what follows what. What the client writes after such a command is held back until it is over,
// because a command that is sent again would come after that.

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
	if s.leased == nil {
		s.leased = &leasedCall{}
	}
	if call.tail {
		s.leased.tail = s.sent.replies + 1
	}
	if !ok {
		return false
	}
	now, most := out.MayBlock(s.lastAuth())
	if call.timeout > 0 && call.timeout <= most {
		return false
	}
	if !s.drained() || s.HasPendingReply() {
		return true
	}
	s.askID(start, out)
	s.leased.begin(s.sent.replies+1, p[start:end], call, now, most)
	s.edit(Edit{At: start + call.from, Cut: call.to - call.from, Ours: s.leased.timeout})
	return false
}

// Slicing reports whether a blocking command is being sent in slices: what the client writes after
// it is held back.
func (s *Session) Slicing() bool { return s.leased.state() >= lease.Waiting }

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

// tailing reports whether nothing is outstanding but an XREAD from the end of a stream. It cannot
// be sent twice, but it takes nothing with it either when its connection ends.
func (s *Session) tailing() bool {
	return s.leased != nil && s.leased.tail == s.read+1 && s.read+1 == s.sent.replies && s.replies.AtBoundary() &&
		s.sent.holding == holdNothing && s.sent.scan.AtBoundary()
}

// SliceOverdue reports whether the server should have ended a slice by now, and that was not
// received: the client does not read.
func (s *Session) SliceOverdue(now time.Time) bool {
	end := s.SliceEnd()
	return !end.IsZero() && now.After(end)
}

// SliceEnd returns when the server should end the slice, zero if none is under way.
func (s *Session) SliceEnd() time.Time {
	switch s.leased.state() {
	case lease.Waiting, lease.Undecided, lease.TakingNull:
		return s.leased.began.Add(s.leased.length)
	}
	return time.Time{}
}

// Resend returns the command whose slice has ended, with what is left of its timeout, to be planned
// as if the client were writing it now, before what is held back. It is for when Slicing and Ready
// report true.
func (s *Session) Resend(out Environment) (command []byte) {
	s.leased.on(lease.Resend)
	return s.leased.rest(out.Now())
}

// beginSliced looks at the first bytes of the reply to a slice. A null is *-1, $-1 or _.
func (s *Session) beginSliced(p []byte, out Environment) {
	switch first := p[0]; {
	case first == '_', (first == '*' || first == '$') && len(p) > 1 && p[1] == '-':
		s.ours = s.leased.on(s.leased.null(out.Now())) == lease.TakeOut
	case (first == '*' || first == '$') && len(p) == 1:
		s.leased.first = first
		s.leased.on(lease.HalfNull)
	default:
		s.leased.on(lease.ClientsReply)
	}
}

// tellNull looks at the second byte, which tells a null from a value. Until then the first one was
// kept from the client.
func (s *Session) tellNull(second byte, o *outlet, out Environment) {
	e := lease.ClientsReply
	if second == '-' {
		e = s.leased.null(out.Now())
	}
	switch s.leased.on(e) {
	case lease.TakeOut:
		s.ours = true
	case lease.GiveByte:
		o.put([]byte{s.leased.first}, 0)
	}
}

// keepsByte reports whether the first byte of a reply to a slice is kept from the client.
func (s *Session) keepsByte() bool { return s.leased.state() == lease.Undecided }

// blockingAnswered takes the reply to a blocking command.
func (s *Session) blockingAnswered(e entry) {
	if s.Slicing() && s.leased.at == e.at {
		s.leased.on(lease.ReplyEnded)
	}
}

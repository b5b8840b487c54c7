package session

import (
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
	"github.com/entraredis/entraredis/internal/resp"
)

// An Environment tells a Session what it must know of the world while a command blocks.
type Environment interface {
	// MayBlock returns the time, and for how long a command may block that is sent now. riding is
	// the AUTH of ours in flight before it, nil if none is.
	MayBlock(riding Auth) (now time.Time, most time.Duration)
	// Now returns the time.
	Now() time.Time
	// Leases is told that a call blocks in slices on the connection, and the server's number of it,
	// by which CLIENT UNBLOCK means it.
	Leases(clientID int64)
}

// An Edit changes what the client writes.
type Edit struct {
	At   int    // offset in what the client writes
	Cut  int    // how many bytes of the client are left out there
	Ours []byte // the bytes that are put in instead
	Auth Auth   // the AUTH that Ours is, nil if it is something else
}

// A holding says why the last bytes that the client has written were not sent yet.
type holding uint8

const (
	holdNothing    holding = iota
	holdUnfinished         // what a command is must be known before its first byte is sent
	holdAnswers            // a command that waits until everything before it was answered
	holdBehind             // what stands behind a blocking command
)

// maxHeld bounds what is held back of one command until it is complete. A blocking command that is
// longer is sent as it is, and cannot be renewed while it blocks.
const maxHeld = 1 << 20

// Plan accounts for p, which the client is about to write, and returns how it must be changed.
// wanted, if it is not nil, goes to the first place where AUTH may go, and what relogin returns
// goes after each command that logs out. The protocol version changes around subscriptions, see
// raise.go, and blocking commands get shorter timeouts, see slice.go.
//
// The first taken bytes of p are to be written with these edits, and those after them held back:
// they are the start of the next p, once Ready reports true or the client writes more. The edits
// are in order, do not overlap, and are valid until the next call.
func (s *Session) Plan(p []byte, wanted Auth, relogin func() Auth, out Environment) (edits []Edit, taken int) {
	if s.work != nil {
		s.work.edits = s.work.edits[:0]
	}
	s.sent.holding = holdNothing
	start := -1 // of the command that at is in, if it lies in p
	for at := 0; ; {
		if s.sent.scan.AtBoundary() {
			start = at
		}
		if wanted != nil && s.MayAuth() {
			s.insert(at, wanted)
			wanted = nil
		}
		if at == len(p) || s.sent.blind {
			return s.edits(), len(p)
		}
		if wanted == nil && s.sent.plain() {
			if n, commands := s.sent.scan.Ordinary(p[at:]); n > 0 { // nearly always all of p
				s.sent.replies += commands
				s.sent.prefix = false
				at += n
				continue
			}
		}
		n, end, err := s.sent.scan.Next(p[at:])
		at += n
		switch kind := s.sent.scan.Kind(); {
		case err != nil:
			if start >= 0 {
				s.lower(start)
			}
			e, _, _ := s.sent.goBlind()
			s.await(e)
		case end && kind == resp.Ordinary && s.sent.plain():
			s.sent.replies++
			s.sent.prefix = false
		case !end && start >= 0 && len(p)-start <= maxHeld && s.mustSeeWhole(kind):
			return s.hold(start, holdUnfinished)
		default:
			if start >= 0 && s.speak(kind, start) {
				return s.hold(start, holdAnswers)
			}
			if !end {
				continue
			}
			if start >= 0 {
				switch kind {
				case resp.Blocking:
					if s.slice(p, start, at, out) {
						return s.hold(start, holdAnswers)
					}
				case resp.Unblock:
					s.noteUnblock(p[start:at])
				}
			}
			switch logsOut := s.take(); {
			case !logsOut:
			case s.mayRelogin():
				s.insert(at, relogin())
			case s.unrenewable == Renewable:
				s.unrenewable = BecauseReset
			}
			if s.Slicing() {
				if at < len(p) {
					s.sent.holding = holdBehind
				}
				return s.edits(), at
			}
		}
	}
}

// Mark returns where the connection is, for Retract.
func (s *Session) Mark() Mark { return Mark{s.sent} }

// BeforeOrdinary returns the Mark from before the last TakeOrdinary, which took n bytes and
// returned commands.
func (s *Session) BeforeOrdinary(n int, commands uint64) Mark {
	before := s.Mark()
	if before.sent.replies -= commands; commands == 0 {
		before.sent.scan.Unread(n)
	}
	return before
}

// mustSeeWhole reports whether nothing of the unfinished command may be sent before all of it is
// there.
func (s *Session) mustSeeWhole(kind resp.Kind) bool {
	return s.sent.scan.Undecided() || kind == resp.Blocking || kind == resp.Unblock
}

// hold forgets that a part of the command at start was looked at.
func (s *Session) hold(start int, why holding) ([]Edit, int) {
	s.sent.scan = resp.CommandScanner{}
	s.sent.holding = why
	return s.edits(), start
}

// HoldsBack reports whether what the client writes now must wait for a reply. If so, it is to be
// held back and HoldBehind called instead of Plan.
func (s *Session) HoldsBack() bool { return s.sent.holding >= holdAnswers || s.Slicing() }

// HoldBehind accounts for bytes that the client has written and that are held back after those that
// Plan did not take.
func (s *Session) HoldBehind() { s.sent.holding = max(s.sent.holding, holdBehind) }

// Ready reports whether what is held back can be planned now, and before that, while Slicing, what
// Resend returns.
func (s *Session) Ready() bool {
	switch {
	case s.Slicing():
		return s.leased.state() == lease.BetweenSlices
	case s.sent.holding == holdAnswers:
		return s.drained() && !s.HasPendingReply() || s.unrenewable != Renewable // where replies are not counted any more
	}
	return s.sent.holding == holdBehind
}

// take accounts for one command and reports whether it logs out.
func (s *Session) take() (logsOut bool) {
	epoch := s.sent.epoch
	e, needed, logsOut := s.sent.take(s.inMulti())
	if s.sent.epoch != epoch {
		s.ledger.endEpoch()
	}
	if needed {
		s.await(e)
	}
	return logsOut
}

// AddAuth accounts for an AUTH that is about to be written alone, after all that was written so
// far. MayAuth must report true before.
func (s *Session) AddAuth(a Auth) { s.await(s.sent.takeAuth(a)) }

func (s *Session) insert(at int, a Auth) {
	s.AddAuth(a)
	s.edit(Edit{At: at, Ours: a.Wire(), Auth: a})
}

// ask puts a command of ours that is no AUTH before what the client writes at at.
func (s *Session) ask(at int, command []byte, kind entryKind) {
	s.sent.replies++
	e, _, _ := s.sent.entry(entry{at: s.sent.replies, kind: kind})
	s.await(e)
	s.edit(Edit{At: at, Ours: command})
}

func (s *Session) edit(e Edit) {
	if s.work == nil {
		s.work = &work{}
	}
	s.work.edits = append(s.work.edits, e)
}

func (s *Session) edits() []Edit {
	if s.work == nil {
		return nil
	}
	return s.work.edits
}

func (s *Session) await(e entry) {
	s.ledger.push(e, s.sent.epoch)
	s.next = s.ledger.first().at
}

// A Mark is a point in what was written to a connection. Two are equal if nothing was written
// between them.
type Mark struct{ sent sentState }

// Retract takes back all that Plan, AddAuth and TakeOrdinary have accounted for since a mark, because
// not a byte of it was written.
func (s *Session) Retract(to *Mark) {
	s.ledger.drop(min(int32(s.sent.entries-to.sent.entries), s.ledger.len), to.sent.epoch)
	if s.leased != nil {
		s.leased.retract(to.sent.replies)
	}
	s.sent = to.sent
	s.look()
}

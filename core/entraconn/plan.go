package entraconn

import (
	"time"

	"github.com/entraredis/entraredis/internal/resp"
)

// An outside is what a session must know of the world while a command blocks. Numbers of connections are the server's.
type outside interface {
	// mayBlock returns the time, and for how long a command may block that is sent now. riding is the AUTH that is
	// unanswered before it, nil if none is.
	mayBlock(riding Auth) (now time.Time, most time.Duration)
	// blocks is told that a sliced command is about to be sent for the first time, on the connection of that number,
	// which is 0 if it is not known.
	blocks(clientID int64)
	// cancelled returns the time, and what the client is to get because a CLIENT UNBLOCK of this process has
	// cancelled its call, whose slice began at began; owedNothing if none has.
	cancelled(clientID int64, began time.Time) (now time.Time, end owed)
	// unblock is told that the client is about to send CLIENT UNBLOCK, and how that ends the call.
	unblock(clientID int64, end owed)
}

// An edit changes what the host writes.
type edit struct {
	at   int    // offset in what the host writes
	cut  int    // so many bytes of the host are left out there
	ours []byte // and these are put in
	auth Auth   // that ours is, nil if it is something else
}

// A holding says why the last bytes that the host has written were not sent yet.
type holding uint8

const (
	holdNothing    holding = iota
	holdUnfinished         // what a command is must be known before its first byte is sent
	holdAnswers            // a command that waits until everything before it was answered
	holdBehind             // what stands behind a blocking command
)

// maxHeld bounds what is held back of one command until it is complete. A blocking command that is longer is sent as it
// is, and cannot be renewed while it blocks.
const maxHeld = 1 << 20

// plan accounts for p, which the host is about to write. It returns how p must be changed: wanted, if it is not
// nil, goes to the first place where it may, and an AUTH with relogin behind each command that logs out; the protocol
// version changes around subscriptions, see raise.go; blocking commands are shortened, see sliced.go. What lies
// behind taken must be held back, and be the start of the next p. The edits are valid until the next call.
func (s *session) plan(p []byte, wanted Auth, relogin func() Auth, out outside) (edits []edit, taken int) {
	if s.work != nil {
		s.work.edits = s.work.edits[:0]
	}
	s.sent.holding = holdNothing
	start := -1 // of the command that at is in, if it lies in p
	for at := 0; ; {
		if s.sent.scan.AtBoundary() {
			start = at
		}
		if wanted != nil && s.mayAuth() {
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
					if id, end := unblocks(p[start:at]); end != owedNothing && !s.inMulti() { // it may be discarded
						out.unblock(id, end)
					}
				}
			}
			switch logsOut := s.take(); {
			case !logsOut:
			case s.mayRelogin():
				s.insert(at, relogin())
			case s.unrenewable == renewable:
				s.unrenewable = becauseReset
			}
			if s.slicing() {
				if at < len(p) {
					s.sent.holding = holdBehind
				}
				return s.edits(), at
			}
		}
	}
}

// mark returns the point to which retract goes back.
func (s *session) mark() mark { return mark{s.sent} }

// beforeOrdinary returns the mark from before takeOrdinary took n bytes, which were so many commands.
func (s *session) beforeOrdinary(n int, commands uint64) mark {
	before := s.mark()
	if before.sent.replies -= commands; commands == 0 {
		before.sent.scan.Unread(n)
	}
	return before
}

// mustSeeWhole reports whether nothing of the unfinished command may be sent before all of it is there.
func (s *session) mustSeeWhole(kind resp.Kind) bool {
	return s.sent.scan.Undecided() || kind == resp.Blocking || kind == resp.Unblock
}

// hold forgets that a part of the command at start was looked at.
func (s *session) hold(start int, why holding) ([]edit, int) {
	s.sent.scan = resp.CommandScanner{}
	s.sent.holding = why
	return s.edits(), start
}

// holdsBack reports whether what the host writes now has to wait for something that the server has yet to say.
func (s *session) holdsBack() bool { return s.sent.holding >= holdAnswers || s.slicing() }

// holdBehind accounts for bytes that the client writes while holdsBack reports true. They are the start of the next p.
func (s *session) holdBehind() { s.sent.holding = max(s.sent.holding, holdBehind) }

// ready reports whether what is held back can be sent.
func (s *session) ready() bool {
	switch {
	case s.slicing():
		return s.sliced.over
	case s.sent.holding == holdAnswers:
		return s.calm() || s.unrenewable != renewable // where replies are not counted any more
	}
	return s.sent.holding == holdBehind
}

// take accounts for one command and reports whether it logs out.
func (s *session) take() (logsOut bool) {
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

// addAuth accounts for an AUTH that is about to be written alone, after all that was written so far. mayAuth reports
// whether it may be.
func (s *session) addAuth(a Auth) { s.await(s.sent.takeAuth(a)) }

func (s *session) insert(at int, a Auth) {
	s.addAuth(a)
	s.edit(edit{at: at, ours: a.Wire(), auth: a})
}

func (s *session) edit(e edit) {
	if s.work == nil {
		s.work = &work{}
	}
	s.work.edits = append(s.work.edits, e)
}

func (s *session) edits() []edit {
	if s.work == nil {
		return nil
	}
	return s.work.edits
}

func (s *session) await(e entry) {
	s.ledger.push(e, s.sent.epoch)
	s.next = s.ledger.first().at
}

// A mark is a point in what was written. Two are equal if nothing was written between them.
type mark struct{ sent sentState }

// retract takes back everything since a mark, because not a byte of it was written.
func (s *session) retract(to *mark) {
	s.ledger.drop(min(int32(s.sent.entries-to.sent.entries), s.ledger.len), to.sent.epoch)
	if s.sliced != nil {
		s.sliced.retract(to.sent.replies)
	}
	s.sent = to.sent
	s.look()
}

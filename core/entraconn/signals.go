package entraconn

import "sync/atomic"

// signals is a set of what goroutines tell each other without a lock.
type signals struct{ bits atomic.Uint32 }

const (
	// stopped: cause.callErr is set, which Read looks at before it reads.
	stopped uint32 = 1 << iota
	// renewalWaits: the renewal of the connection waits for a read or a write of the client. It is
	// set with Conn.mu held, so that mayProceedLocked clears none that is newer than the state that
	// it has looked at.
	renewalWaits
	// retirementWaits: its retirement does.
	retirementWaits
)

// rotationWaits is for a look at both.
const rotationWaits = renewalWaits | retirementWaits

// has reports whether any bit of what is set.
func (s *signals) has(what uint32) bool { return s.bits.Load()&what != 0 }

func (s *signals) set(what uint32) { s.bits.Or(what) }

// take clears all bits of what, and reports whether any was set.
func (s *signals) take(what uint32) bool { return s.bits.And(^what)&what != 0 }

func (s *signals) clear(what uint32) {
	if s.has(what) {
		s.bits.And(^what)
	}
}

package entraconn

import "sync/atomic"

// signals is a set of bits by which goroutines tell each other something without a lock.
type signals struct{ bits atomic.Uint32 }

const (
	// stopped: ending.connErr is set, which Read looks at before it reads.
	stopped uint32 = 1 << iota
	// renewalWaits: the renewal of the connection waits for a read or a write of the client. It is
	// set with Conn.mu held, so that mayProceedLocked clears none that is newer than the state that
	// it has looked at.
	renewalWaits
	// retirementWaits: the retirement of the connection waits for one.
	retirementWaits
	// writesWait: backlog.room is set.
	writesWait
)

// rotationWaits are the bits that Continue is called for.
const rotationWaits = renewalWaits | retirementWaits

// has reports whether any bit of mask is set.
func (s *signals) has(mask uint32) bool { return s.bits.Load()&mask != 0 }

func (s *signals) set(mask uint32) { s.bits.Or(mask) }

// testAndClear clears all bits of mask, and reports whether any of them was set.
func (s *signals) testAndClear(mask uint32) bool { return s.bits.And(^mask)&mask != 0 }

// clear writes nothing if no bit of mask is set.
func (s *signals) clear(mask uint32) {
	if s.has(mask) {
		s.bits.And(^mask)
	}
}

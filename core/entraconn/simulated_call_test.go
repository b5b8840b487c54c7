package entraconn_test

import (
	"fmt"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A simulatedCall is a blocking command of the simulated client, with a key of its own.
type simulatedCall struct {
	name, key string
	timeout   time.Duration // that the client wants, 0 for ever
	blocks    chan struct{} // closed when the server first blocks for it

	// All below is guarded by simulation.mu.

	began   time.Time // when it first arrived
	until   time.Time // when the slice that blocks now ends, zero for never
	slices  int
	timer   *time.Timer
	element string // that it has popped
	ended   bool   // the client has its reply

	unblocking  lease.Reply // how another connection has it end
	unblockedAt time.Time   // when that was written, zero if we may not know the connection's number
	strays      [3]bool     // by lease.Reply: a CLIENT UNBLOCK for another call, or of another client, may have ended it so
	asks        bool        // CLIENT ID went out with its first slice
}

func (c *simulatedCall) String() string {
	return fmt.Sprintf("%s %s %v (slice %d)", c.name, c.key, c.timeout, c.slices)
}

// mayEnd returns why the call may not end with reply between two slices, "" if it may.
func (c *simulatedCall) mayEnd(reply lease.Reply) (why string) {
	if c.ended {
		return "it has ended before"
	}
	c.ended = true
	switch {
	case reply == c.unblocking, c.strays[reply]:
	case reply == lease.UnblockedReply:
		return "no CLIENT UNBLOCK with ERROR was sent"
	case c.timeout == 0:
		return "it has no timeout"
	case time.Since(c.began) < c.timeout-time.Millisecond:
		return fmt.Sprintf("after %v", time.Since(c.began))
	}
	return ""
}

// mayComeAgain returns why a slice may not be sent that arrived at that time, "" if it may.
func (c *simulatedCall) mayComeAgain(at time.Time, slow time.Duration) (why string) {
	switch {
	case c.ended:
		return "it has ended"
	case c.until.IsZero(), at.Before(c.until.Add(-5*time.Millisecond - 4*slow)): // it was on its way for some time
		return "before the end of its slice"
	// One that arrived at the same moment may have been on its way.
	case !c.unblockedAt.IsZero() && at.After(c.unblockedAt):
		return fmt.Sprintf("%v after its CLIENT UNBLOCK", at.Sub(c.unblockedAt))
	// A client that rests for three seconds may keep the rest of a null waiting.
	case c.timeout > 0 && at.Sub(c.began) > c.timeout+5*time.Second+4*slow:
		return fmt.Sprintf("after %v", at.Sub(c.began))
	}
	return ""
}

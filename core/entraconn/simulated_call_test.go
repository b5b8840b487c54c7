package entraconn_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A simulatedCall is a blocking command of the simulated client, with a key of its own.
type simulatedCall struct {
	name, key string
	timeout   time.Duration // that the client wants, 0 for ever
	blocks    chan struct{} // closed when the server first blocks for it

	// All below is guarded by simulation.mu.

	added   int       // entries that its stream had before
	isAsked bool      // the server was asked where its stream ends
	began   time.Time // when it first arrived, or the server was asked where its stream ends
	until   time.Time // when the slice that blocks now ends, zero for never
	slices  int
	timer   *time.Timer
	element string // that it has popped
	ended   bool   // the client has its reply

	unblocking  lease.Reply // how another connection has it end
	unblockedAt time.Time   // when that was written, zero if we may not know the connection's number
	strays      [3]bool     // by lease.Reply: a CLIENT UNBLOCK for another call, or of another client, may have ended it so
	asks        bool        // CLIENT ID went out with its first slice, or with the question before
}

func (c *simulatedCall) String() string {
	return fmt.Sprintf("%s %s %v (slice %d)", c.name, c.key, c.timeout, c.slices)
}

// words returns the call as the client writes it.
func (c *simulatedCall) words() string {
	switch seconds := int(c.timeout.Seconds()); c.name {
	case "XREAD":
		return fmt.Sprintf("XREAD BLOCK %d STREAMS %s $", 1000*seconds, c.key)
	case "XREADGROUP":
		return fmt.Sprintf("XREADGROUP GROUP g c CLAIM 5 BLOCK %d STREAMS %s >", 1000*seconds, c.key)
	case "BRPOPLPUSH":
		return fmt.Sprintf("BRPOPLPUSH %s destination %d", c.key, seconds)
	default:
		return fmt.Sprintf("%s %s %d", c.name, c.key, seconds)
	}
}

// streamEnd is the last ID of its stream when it begins.
func (c *simulatedCall) streamEnd() string { return fmt.Sprint(c.added, "-0") }

// comes lets its fate begin.
func (c *simulatedCall) comes() {
	select {
	case <-c.blocks:
	default:
		close(c.blocks)
	}
}

// keyOf returns the key of a command that blocks, as a server finds it.
func keyOf(args []string) string {
	if strings.HasPrefix(args[0], "XREAD") {
		return args[len(args)-2]
	}
	return args[min(1, len(args)-1)]
}

// timeoutAt returns which of args is the timeout of a command that blocks, and its unit.
func timeoutAt(args []string) (i int, unit time.Duration) {
	if strings.HasPrefix(args[0], "XREAD") {
		return slices.Index(args, "BLOCK") + 1, time.Millisecond
	}
	return len(args) - 1, time.Second
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
	case c.slices > 0 && (c.until.IsZero() || at.Before(c.until.Add(-5*time.Millisecond-4*slow))): // it was on its way for some time
		return "before the end of its slice"
	// One that arrived at the same moment may have been on its way.
	case !c.unblockedAt.IsZero() && at.After(c.unblockedAt):
		return fmt.Sprintf("%v after its CLIENT UNBLOCK", at.Sub(c.unblockedAt))
	// A client that rests for three seconds may keep the rest of a null waiting.
	case c.slices > 0 && c.timeout > 0 && at.Sub(c.began) > c.timeout+5*time.Second+4*slow:
		return fmt.Sprintf("after %v", at.Sub(c.began))
	}
	return ""
}

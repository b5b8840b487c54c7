package session

import (
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A leasedCall is the blocking command that is being sent in slices, or was last. A connection has
// one at most, and none before its first blocking command.
type leasedCall struct {
	lease   lease.Lease
	at      uint64        // number of the reply to the slice
	command []byte        // as the client wrote it
	timeout []byte        // the argument that stands in the slice instead of the client's
	call    blockingCall  // where the client's timeout stands
	until   time.Time     // the end of the client's timeout, zero for never
	began   time.Time     // when this slice was written
	length  time.Duration // of this slice
	first   byte          // of the reply, while the lease is undecided

	// tail is the number of the reply to the last XREAD from the end of a stream, which is not sent in slices.
	tail uint64
}

// state returns what the lease is in; a session that never had one has a nil call.
func (c *leasedCall) state() lease.State {
	if c == nil {
		return lease.None
	}
	return c.lease.State()
}

// on takes an event of the lease, and gives memory back that the next call hardly needs.
func (c *leasedCall) on(e lease.Event) lease.Action {
	action := c.lease.On(e)
	if action == lease.Forget && cap(c.command) > largeCommand {
		c.command = nil
	}
	return action
}

// largeCommand bounds the memory that a session keeps for the next call.
const largeCommand = 4 << 10

// begin remembers a call of which a slice goes out now.
func (c *leasedCall) begin(at uint64, command []byte, call blockingCall, now time.Time, length time.Duration) {
	c.at, c.call, c.began, c.length = at, call, now, length
	c.command = append(c.command[:0], command...)
	c.timeout = call.appendTimeout(c.timeout[:0], length)
	c.until = time.Time{}
	if call.timeout > 0 {
		c.until = now.Add(call.timeout)
	}
	c.on(lease.SliceSent)
}

// rest returns the command with what is left of its timeout, as if the client were writing it now.
func (c *leasedCall) rest(now time.Time) []byte {
	b := append([]byte(nil), c.command[:c.call.from]...)
	if c.until.IsZero() {
		b = append(b, c.command[c.call.from:c.call.to]...)
	} else {
		b = c.call.appendTimeout(b, c.until.Sub(now))
	}
	return append(b, c.command[c.call.to:]...)
}

// retract forgets what was to be answered after the first replies, because it was not written.
func (c *leasedCall) retract(replies uint64) {
	if c.at > replies {
		c.on(lease.SliceRetracted)
	}
	if c.tail > replies {
		c.tail = 0
	}
}

// null returns the event that a null is which begins now. Only one at the end of a slice is ours.
// An earlier one is the client's: a CLIENT UNBLOCK was sent, as rueidis does when a call is
// cancelled, and no caller waits for elements any more.
func (c *leasedCall) null(now time.Time) lease.Event {
	over := now.Sub(c.began) >= c.length-clockTolerance(c.length)
	if over && (c.until.IsZero() || c.until.Sub(now) >= time.Millisecond) {
		return lease.NullAtEnd
	}
	return lease.ClientsReply
}

// clockTolerance is how much earlier than its end a slice may seem to end, because the server's
// clock goes faster than ours. Clocks that NTP corrects differ by 0.05 % at most; twice that, and a
// millisecond for the rounding of Redis.
func clockTolerance(slice time.Duration) time.Duration { return time.Millisecond + slice/1000 }

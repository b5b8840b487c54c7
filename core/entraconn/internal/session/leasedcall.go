package session

import (
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A leasedCall is the blocking command that is being sent in slices, or was last. A connection has
// one at most, and none before its first blocking command: the methods that ask it something take
// nil for that.
//
// A blocking command that could outlive the token is sent with a shorter timeout, and again when
// the server has answered null at its end, after the AUTH that is due by then. The client sees one
// call, and the server still pops what it pops in one step. Package lease says what follows what.
// What the client writes after such a command is held back until it has its reply, because a
// command that is sent again would come after that.
type leasedCall struct {
	lease        lease.Lease
	ordinal      uint64        // of the reply to the slice
	command      []byte        // as the client wrote it
	sliceTimeout []byte        // the argument that stands in the slice instead of the client's
	call         blockingCall  // where the client's timeout stands
	until        time.Time     // the end of the client's timeout, zero for never
	began        time.Time     // when this slice was written
	length       time.Duration // of this slice
	firstByte    byte          // of the reply, while the lease is undecided

	// tail is the ordinal of the reply to the last XREAD from the end of a stream, which is not
	// sent in slices.
	tail uint64
}

// leaseState returns what the lease is in: from lease.Waiting on the call goes on in slices. Where it
// is lease.Replying, the client is to get a reply to the call that the server did not send. Where it
// is lease.Undecided, the first byte of the reply to a slice is kept from the client.
func (c *leasedCall) leaseState() lease.State {
	if c == nil {
		return lease.None
	}
	return c.lease.State
}

// awaitsReply reports whether that reply is the one to the slice.
func (c *leasedCall) awaitsReply(ordinal uint64) bool {
	return c.leaseState() >= lease.Waiting && c.ordinal == ordinal
}

// sliceEnd returns when the server should end the slice, zero if none is under way.
func (c *leasedCall) sliceEnd() time.Time {
	switch c.leaseState() {
	case lease.Waiting, lease.Undecided, lease.TakingNull:
		return c.began.Add(c.length)
	}
	return time.Time{}
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

// beginSlice remembers a call of which a slice goes out now.
func (c *leasedCall) beginSlice(ordinal uint64, command []byte, call blockingCall, now time.Time, length time.Duration) {
	c.ordinal, c.call, c.began, c.length = ordinal, call, now, length
	c.command = append(c.command[:0], command...)
	c.sliceTimeout = call.appendTimeout(c.sliceTimeout[:0], length)
	c.until = time.Time{}
	if call.clientTimeout > 0 {
		c.until = now.Add(call.clientTimeout)
	}
	c.on(lease.SliceSent)
}

// resend returns the command with what is left of its timeout, as if the client were writing it
// now.
func (c *leasedCall) resend(now time.Time) []byte {
	c.on(lease.Resend)
	b := append([]byte(nil), c.command[:c.call.from]...)
	if c.until.IsZero() {
		b = append(b, c.command[c.call.from:c.call.to]...)
	} else {
		b = c.call.appendTimeout(b, c.until.Sub(now))
	}
	return append(b, c.command[c.call.to:]...)
}

// retract forgets what was to be answered after the first replies, because it was not written.
func (c *leasedCall) retract(expectedReplies uint64) {
	if c.ordinal > expectedReplies {
		c.on(lease.SliceRetracted)
	}
	if c.tail > expectedReplies {
		c.tail = 0
	}
}

// beginReply looks at the first bytes of the reply to a slice and reports whether to take it out. A
// null is *-1, $-1 or _.
func (c *leasedCall) beginReply(p []byte, env Environment) (takeOut bool) {
	switch first := p[0]; {
	case first == '_', (first == '*' || first == '$') && len(p) > 1 && p[1] == '-':
		return c.on(c.nullEvent(env.Now())) == lease.TakeOut
	case (first == '*' || first == '$') && len(p) == 1:
		c.firstByte = first
		c.on(lease.HalfNull)
	default:
		c.on(lease.ClientsReply)
	}
	return false
}

// continueReply looks at the second byte, which tells a null from a value, and reports whether to
// take the reply out. Until then the first one was kept from the client.
func (c *leasedCall) continueReply(second byte, o *outlet, env Environment) (takeOut bool) {
	e := lease.ClientsReply
	if second == '-' {
		e = c.nullEvent(env.Now())
	}
	switch c.on(e) {
	case lease.TakeOut:
		return true
	case lease.GiveByte:
		o.put([]byte{c.firstByte}, 0)
	}
	return false
}

// nullEvent returns the event that a null is which begins now. Only one at the end of a slice is
// ours. An earlier one is the client's: a CLIENT UNBLOCK was sent, as rueidis does when a call is
// cancelled, and no caller waits for elements any more.
func (c *leasedCall) nullEvent(now time.Time) lease.Event {
	sliceEnded := now.Sub(c.began) >= c.length-clockTolerance(c.length)
	if sliceEnded && (c.until.IsZero() || c.until.Sub(now) >= time.Millisecond) {
		return lease.NullAtEnd
	}
	return lease.ClientsReply
}

// clockTolerance is how much earlier than its end a slice may seem to end, because the server's
// clock goes faster than ours. Clocks that NTP corrects differ by 0.05 % at most; twice that, and a
// millisecond for the rounding of Redis.
func clockTolerance(length time.Duration) time.Duration { return time.Millisecond + length/1000 }

// takeUnblock takes a CLIENT UNBLOCK that another connection is about to send for the call, and
// reports whether the call has a pending reply because of it.
func (c *leasedCall) takeUnblock(u Unblock) (pending bool) {
	e := lease.Unblocked
	if u.Reply == lease.UnblockedReply {
		e = lease.UnblockedWithError
	}
	return c != nil && c.on(e) == lease.WakeClient
}

// pendingReply returns what the server would have said, in that version, and ends the call.
func (c *leasedCall) pendingReply(version int8) []byte {
	what := c.lease.UnblockReply()
	c.on(lease.ReplyGiven)
	switch {
	case what == lease.UnblockedReply:
		return []byte("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
	case version == 3:
		return []byte("_\r\n")
	}
	return []byte("*-1\r\n")
}

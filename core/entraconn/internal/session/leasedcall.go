package session

import (
	"strings"
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
//
// Before the first slice of an XREAD from the end of a stream, XINFO STREAM asks where that is, and
// the command waits for the answers: see openEnd.
type leasedCall struct {
	lease        lease.Lease
	ordinal      uint64        // of the reply to the slice, or to the last question
	command      []byte        // as the client wrote it, apart from open ends that are known by now
	sliceTimeout []byte        // the argument that stands in the slice instead of the client's
	call         blockingCall  // where the client's timeout stands
	until        time.Time     // the end of the client's timeout, zero for never
	began        time.Time     // when this slice was written
	length       time.Duration // of this slice
	firstBytes   []byte        // of the reply, while the lease is undecided
	asItIs       bool          // the command goes out next, and not in slices
	forbidden    bool          // the user may not ask where a stream ends, and the caller does not know yet

	// unsliced is the ordinal of the reply to the last blocking command that could outlive the token,
	// is not sent in slices and takes nothing with it when its connection ends.
	unsliced uint64
}

// leaseState returns what the lease is in: from lease.Waiting on the call goes on in slices. Where it
// is lease.Replying, the client is to get a reply to the call that the server did not send. Where it
// is lease.Undecided, the first bytes of the reply to a slice are kept from the client.
func (c *leasedCall) leaseState() lease.State {
	if c == nil {
		return lease.None
	}
	return c.lease.State
}

// awaitsReply reports whether that reply is the one to the slice.
func (c *leasedCall) awaitsReply(ordinal uint64) bool {
	return c != nil && c.lease.State >= lease.Waiting && c.ordinal == ordinal
}

// sliceEnd returns when the server should end the slice, zero if none is under way. It should answer
// questions at once.
func (c *leasedCall) sliceEnd() time.Time {
	switch c.leaseState() {
	case lease.Waiting, lease.Undecided, lease.TakingOut, lease.Asking:
		return c.began.Add(c.length)
	case lease.None, lease.Replying, lease.BetweenSlices:
	}
	return time.Time{}
}

// on takes an event of the lease, and gives memory back that the next call hardly needs.
func (c *leasedCall) on(e lease.Event) lease.Action {
	action := c.lease.On(e)
	if action != lease.Forget {
		return action
	}
	c.asItIs, c.call.openEnds = false, nil
	if cap(c.command) > largeCommand {
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

// beginAsking remembers a call for which questions go out now, one for each open end. Its timeout
// begins with the command.
func (c *leasedCall) beginAsking(lastOrdinal uint64, command []byte, call blockingCall, now time.Time) {
	c.ordinal, c.call, c.began, c.length = lastOrdinal, call, now, 0
	c.command = append(c.command[:0], command...)
	c.until = time.Time{}
	c.on(lease.QuestionsSent)
}

// takeStreamEnd takes the answer to the question with that ordinal. After the last one the command is
// to be sent: with the IDs instead of $, or as it is if one of them is not known.
func (c *leasedCall) takeStreamEnd(ordinal uint64, end streamEnd) {
	ends, remaining := c.call.openEnds, int(c.ordinal-ordinal)
	ends[len(ends)-1-remaining].lastID = end.lastID
	c.asItIs = c.asItIs || end.lastID == ""
	c.forbidden = c.forbidden || end.forbidden
	if remaining > 0 {
		return
	}
	if !c.asItIs {
		c.closeEnds()
	}
	c.call.openEnds = nil
	c.on(lease.ReplyEnded)
}

// takeForbidden reports, once, that the user may not ask where a stream ends.
func (c *leasedCall) takeForbidden() bool {
	if c == nil || !c.forbidden {
		return false
	}
	c.forbidden = false
	return true
}

// closeEnds puts the last ID of each stream in the place of $.
func (c *leasedCall) closeEnds() {
	var b []byte
	from := 0
	for _, end := range c.call.openEnds {
		b = append(b, c.command[from:end.idArg.from]...)
		b = appendArgument(b, end.lastID)
		from = end.idArg.to
	}
	c.command = append(b, c.command[from:]...)
}

// takeAsItIs reports whether the command that is planned now is to go out as it is.
func (c *leasedCall) takeAsItIs() bool {
	asItIs := c.asItIs
	c.asItIs = false
	return asItIs
}

// leaveUnsliced remembers a call that goes out as it is and could outlive the token.
func (c *leasedCall) leaveUnsliced(ordinal uint64, call blockingCall) {
	if call.takesNothing {
		c.unsliced = ordinal
	}
}

// resend returns the command with what is left of its timeout, as if the client were writing it
// now.
func (c *leasedCall) resend(now time.Time) []byte {
	c.on(lease.Resend)
	b := append([]byte(nil), c.command[:c.call.from]...)
	if c.until.IsZero() || c.asItIs {
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
	if c.unsliced > expectedReplies {
		c.unsliced = 0
	}
}

// unknownCommand begins the error of a server that does not know a command. The arguments follow, and
// the timeout of the slice among them.
const unknownCommand = "-ERR unknown command"

// takeStart looks at a piece of the reply to a slice until it is known what that is, and reports
// whether to take the reply out. Until then its bytes are kept from the client, at most as many as
// unknownCommand has. A null is *-1, $-1 or _.
func (c *leasedCall) takeStart(piece []byte, o *outlet, env Environment) (takeOut bool) {
	start := piece[:min(len(piece), len(unknownCommand)-len(c.firstBytes))]
	if len(c.firstBytes) > 0 {
		start = append(c.firstBytes, start...)
	}
	e := c.startEvent(start, env)
	c.asItIs = e == lease.CommandUnknown
	switch c.on(e) {
	case lease.KeepBytes:
		c.firstBytes = append([]byte(nil), start...)
		return false
	case lease.GiveBytes:
		o.put(c.firstBytes, 0)
	case lease.TakeOut:
		takeOut = true
	case lease.DoNothing, lease.WakeClient, lease.Forget:
	}
	c.firstBytes = nil
	return takeOut
}

// startEvent returns the event that a reply is which starts so.
func (c *leasedCall) startEvent(start []byte, env Environment) lease.Event {
	mayBeNull := start[0] == '*' || start[0] == '$'
	switch {
	case start[0] == '_', mayBeNull && len(start) > 1 && start[1] == '-':
		return c.nullEvent(env.Now())
	case string(start) == unknownCommand:
		return lease.CommandUnknown
	case mayBeNull && len(start) == 1, strings.HasPrefix(unknownCommand, string(start)):
		return lease.FirstBytes
	}
	return lease.ClientsReply
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

package entraconn_test

import (
	"fmt"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A fate is how a blocking call of a simulated client ends: with an element, after its timeout, or
// unblocked.
type fate struct {
	*simulatedServer
	call *simulatedCall
	by   *canceller
}

// come waits until the call blocks, and ends it: near the end of a slice more often than not,
// because a call can be lost there.
func (f *fate) come() {
	select {
	case <-f.line.gone:
		return
	case <-f.call.blocks:
	}
	until, open := f.sliceEnd()
	for later := f.dice.below(3); later > 0 && open && f.call.timeout == 0; later-- {
		elapse(time.Until(until) + 200*time.Millisecond)
		until, open = f.sliceEnd()
	}
	if f.dice.oneIn(6) && f.unblockElsewhere() {
		return
	}
	remaining := time.Until(until)
	if f.dice.oneIn(3) {
		elapse(f.dice.within(remaining))
	} else {
		spread := f.line.slow + 3*time.Millisecond
		elapse(remaining + f.dice.within(2*spread) - spread/2)
	}
	switch kind := f.dice.below(8); {
	case kind < 2:
		f.pushElement()
	case kind == 2 && f.call.timeout > 0: // its timeout passes
	case kind == 3: // an element at the same time
		var both sync.WaitGroup
		both.Go(f.pushElement)
		f.cancel()
		both.Wait()
	default:
		f.cancel()
	}
	if f.call.timeout == 0 && f.call.unblockedAt.IsZero() { // CLIENT UNBLOCK may miss a client whose number is not known
		elapse(5 * time.Second)
		if _, open := f.sliceEnd(); open {
			f.pushElement()
		}
	}
}

func (f *fate) pushElement() { f.push(f.call.key, "element-"+f.call.key) }

// sliceEnd returns when the slice of the call ends, and reports whether the call has begun and not
// ended. A call that is sent as it is never ends itself, and any time soon is as good.
func (f *fate) sliceEnd() (until time.Time, open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.call.until.IsZero() {
		return time.Now().Add(time.Second), f.isOpenLocked()
	}
	return f.call.until, f.isOpenLocked()
}

// isOpenLocked reports whether the call has begun and not ended.
func (f *fate) isOpenLocked() bool {
	return f.blocked == f.call || f.between == f.call && !f.call.ended
}

// unblockElsewhere has another client unblock the call, if the end of its slice is so far away that
// the two cannot be mistaken for each other.
func (f *fate) unblockElsewhere() bool {
	until, _ := f.sliceEnd()
	remaining := time.Until(until)
	if remaining < 5*time.Second+20*f.line.slow { // a client that rests for three seconds may read late
		return false
	}
	elapse(f.dice.within(remaining / 2))
	f.mu.Lock()
	open := f.blocked == f.call
	f.mu.Unlock()
	if open {
		f.unblock([]lease.Reply{lease.NullReply, lease.UnblockedReply}[f.dice.below(2)])
	}
	return open
}

// cancel sends CLIENT UNBLOCK for the call.
func (f *fate) cancel() {
	command, reply := fmt.Sprint("CLIENT UNBLOCK ", simulatedID), lease.NullReply
	switch f.dice.below(4) {
	case 0:
		command += " TIMEOUT"
	case 1:
		command, reply = command+" ERROR", lease.UnblockedReply
	}
	f.by.begin()
	defer f.by.end()
	f.mu.Lock()
	open := f.isOpenLocked()
	if open {
		f.call.unblocking = reply
		f.sent[reply] = time.Now()
		if f.known && (!f.call.asks || f.call.slices > 1) { // else the answer to CLIENT ID may be on its way
			f.call.unblockedAt = time.Now()
		}
	}
	f.mu.Unlock()
	if !open {
		return
	}
	if answer, err := f.by.do(command); err != nil || answer != ":0\r\n" && answer != ":1\r\n" {
		f.mu.Lock()
		f.faultLocked("CLIENT UNBLOCK: %q, %v", answer, err)
		f.mu.Unlock()
	}
}

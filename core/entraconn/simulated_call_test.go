package entraconn_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// A simulatedCall is a blocking command of a host's, with a key of its own.
type simulatedCall struct {
	name, key string
	timeout   time.Duration // that the host wants, 0 for ever
	blocks    chan struct{} // closed when it does for the first time

	// All below is guarded by simulation.mu.

	began   time.Time // when it was at the server's door for the first time
	until   time.Time // when the slice ends in which it blocks, zero for never
	slices  int
	timer   *time.Timer
	element string // that it has popped
	ended   bool   // for its host

	unblocking  lease.Reply // how another connection has it end
	unblockedAt time.Time   // when that was written, zero if the host's number may not be known
	strays      [3]bool     // how a CLIENT UNBLOCK for another call, or of another client, may have ended it, by lease.Reply
	asks        bool        // the host's number was asked for with its first slice
}

func (c *simulatedCall) String() string {
	return fmt.Sprintf("%s %s %v (slice %d)", c.name, c.key, c.timeout, c.slices)
}

// mayEnd says why a call may not end so between two slices, if it may not.
func (c *simulatedCall) mayEnd(end lease.Reply) (why string) {
	if c.ended {
		return "it has ended before"
	}
	c.ended = true
	switch {
	case end == c.unblocking, c.strays[end]:
	case end == lease.UnblockedReply:
		return "nobody wanted that"
	case c.timeout == 0:
		return "it has no timeout"
	case time.Since(c.began) < c.timeout-time.Millisecond:
		return fmt.Sprintf("after %v", time.Since(c.began))
	}
	return ""
}

// mayComeAgain says why a slice may not be sent that was at the server's door at that time, if it may not.
func (c *simulatedCall) mayComeAgain(at time.Time, slow time.Duration) (why string) {
	switch {
	case c.ended:
		return "it has ended"
	case c.until.IsZero(), at.Before(c.until.Add(-5*time.Millisecond - 4*slow)): // it was under way for some time
		return "and its slice was not over"
	// At the same moment it may have been under way.
	case !c.unblockedAt.IsZero() && at.After(c.unblockedAt):
		return fmt.Sprintf("%v after its CLIENT UNBLOCK", at.Sub(c.unblockedAt))
	// A host that rests for three seconds may keep the rest of a null waiting.
	case c.timeout > 0 && at.Sub(c.began) > c.timeout+5*time.Second+4*slow:
		return fmt.Sprintf("after %v", at.Sub(c.began))
	}
	return ""
}

// block runs a blocking command. s.mu is held.
func (s *simulatedServer) block(args []string, at time.Time) {
	call := s.calls[args[1]]
	if call.slices++; call.slices == 1 {
		call.began = at
		for end, missed := range s.missed {
			call.strays[end] = !missed.Before(at)
		}
		call.asks = s.asks
		s.asks = false
	}
	if len(s.lists[call.key]) > 0 {
		s.answer(s.pop(call.name, call.key))
		return
	}
	seconds, err := strconv.ParseFloat(args[len(args)-1], 64)
	if err != nil {
		s.wrong("%q: %v", args, err)
	}
	s.blocked, call.until = call, time.Time{}
	if seconds > 0 {
		slice := time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
		call.until = time.Now().Add(slice)
		call.timer = time.AfterFunc(slice+time.Duration(s.dice.below(2))*time.Millisecond, func() { s.endSlice(call) })
	}
	if call.slices == 1 {
		close(call.blocks)
	}
}

func (s *simulatedServer) endSlice(call *simulatedCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked != call || time.Now().Before(call.until) { // the timer has met another end
		return
	}
	if s.dice.oneIn(3) {
		s.pushSomething()
	}
	s.null(call)
}

// null says null to a call. Whether that is the host's shows later. s.mu is held.
func (s *simulatedServer) null(call *simulatedCall) {
	s.blocked, s.between = nil, call
	s.line.say(nullIn(s.proto))
	s.transcript.add(said{words: nullIn(s.proto), call: call})
	for s.dice.oneIn(3) && s.pushSomething() {
	}
	s.work()
}

// unblock runs CLIENT UNBLOCK.
func (s *simulatedServer) unblock(end lease.Reply) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked == nil {
		s.missed[end] = time.Now()
		return ":0\r\n"
	}
	words := nullIn(s.proto)
	switch call := s.blocked; {
	case end == lease.UnblockedReply:
		words = unblockedWords
	case call.unblockedAt.IsZero():
		// Another client has sent it, the host's number is not known, or it was for an earlier call, which has ended while it
		// was under way. If this null is read when the slice is over, it looks like the end of the slice.
		call.strays[end] = true
		s.stop(call)
		s.null(call)
		return ":1\r\n"
	}
	s.finish(words)
	return ":1\r\n"
}

// push adds an element to a list.
func (s *simulatedServer) push(key, element string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists[key] = append(s.lists[key], element)
	if call := s.blocked; call != nil && call.key == key {
		if s.dice.oneIn(2) {
			s.pushSomething()
		}
		s.finish(s.pop(call.name, key))
	}
}

// stop keeps the slice of a call from ending by itself. s.mu is held.
func (s *simulatedServer) stop(call *simulatedCall) {
	if call.timer != nil {
		call.timer.Stop()
	}
}

// finish ends the call that blocks. s.mu is held.
func (s *simulatedServer) finish(words string) {
	s.stop(s.blocked)
	s.blocked = nil
	s.answer(words)
	s.work()
}

// pop returns what a command says that has found an element. s.mu is held.
func (s *simulatedServer) pop(name, key string) string {
	element := s.lists[key][0]
	s.lists[key] = s.lists[key][1:]
	if call := s.calls[key]; call.element != "" || call.ended {
		s.wrong("%v pops %q for nobody", call, element)
	} else {
		call.element = element
	}
	if strings.EqualFold(name, "BLPOP") {
		return "*2\r\n" + bulk(key) + bulk(element)
	}
	return bulk(element)
}

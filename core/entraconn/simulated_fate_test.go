package entraconn_test

import (
	"bufio"
	"fmt"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session/lease"
)

// What becomes of the calls of a simulated host that block: each has an element, or its timeout, or is unblocked.

// A canceller sends CLIENT UNBLOCK through a connection of its own of the same client, one at a time.
type canceller struct {
	turn chan struct{} // of one that writes; no mutex, for the bubble's time passes while others wait
	conn *entraconn.Conn
	r    *bufio.Reader
}

func (c *canceller) do(command string) (answer string, err error) {
	if _, err := c.conn.Write(modelserver.Encode(command)); err != nil {
		return "", err
	}
	return c.r.ReadString('\n')
}

// seal waits until a call blocks, and ends it somewhen: near the end of a slice more often than not, because that is where
// a call can be lost.
func (s *simulatedServer) seal(call *simulatedCall, by *canceller) {
	select {
	case <-s.line.gone:
		return
	case <-call.blocks:
	}
	until, open := s.open(call)
	for later := s.dice.below(3); later > 0 && open && call.timeout == 0; later-- {
		elapse(time.Until(until) + 200*time.Millisecond)
		until, open = s.open(call)
	}
	if s.dice.oneIn(6) && s.unblockElsewhere(call) {
		return
	}
	left := time.Until(until)
	if s.dice.oneIn(3) {
		elapse(s.dice.within(left))
	} else {
		spread := s.line.slow + 3*time.Millisecond
		elapse(left + s.dice.within(2*spread) - spread/2)
	}
	switch kind := s.dice.below(8); {
	case kind < 2:
		s.push(call.key, "element-"+call.key)
	case kind == 2 && call.timeout > 0: // runs out
	case kind == 3: // an element at the same time
		var both sync.WaitGroup
		both.Go(func() { s.push(call.key, "element-"+call.key) })
		s.cancel(call, by)
		both.Wait()
	default:
		s.cancel(call, by)
	}
	if call.timeout == 0 && call.unblockedAt.IsZero() { // CLIENT UNBLOCK may miss a host without a number for good
		elapse(5 * time.Second)
		if _, open := s.open(call); open {
			s.push(call.key, "element-"+call.key)
		}
	}
}

// open reports whether a call is neither over nor to come, and when its slice ends. Where it is sent
// as it is, that is never, and soon is as good.
func (s *simulatedServer) open(call *simulatedCall) (until time.Time, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if call.until.IsZero() {
		return time.Now().Add(time.Second), s.isOpen(call)
	}
	return call.until, s.isOpen(call)
}

// isOpen is open where s.mu is held.
func (s *simulatedServer) isOpen(call *simulatedCall) bool {
	return s.blocked == call || s.between == call && !call.ended
}

// unblockElsewhere has another client unblock a call, if the end of its slice is so far away that the two cannot be mixed
// up.
func (s *simulatedServer) unblockElsewhere(call *simulatedCall) bool {
	until, _ := s.open(call)
	left := time.Until(until)
	if left < 5*time.Second+20*s.line.slow { // a host that rests for three seconds may read late
		return false
	}
	elapse(s.dice.within(left / 2))
	s.mu.Lock()
	open := s.blocked == call
	s.mu.Unlock()
	if open {
		s.unblock([]lease.Reply{lease.NullReply, lease.UnblockedReply}[s.dice.below(2)])
	}
	return open
}

// cancel sends CLIENT UNBLOCK for a call.
func (s *simulatedServer) cancel(call *simulatedCall, by *canceller) {
	command, end := fmt.Sprint("CLIENT UNBLOCK ", simulatedID), lease.NullReply
	switch s.dice.below(4) {
	case 0:
		command += " TIMEOUT"
	case 1:
		command, end = command+" ERROR", lease.UnblockedReply
	}
	by.turn <- struct{}{}
	defer func() { <-by.turn }()
	s.mu.Lock()
	open := s.isOpen(call)
	if open {
		call.unblocking = end
		if s.known && (!call.asks || call.slices > 1) { // else the answer may be under way
			call.unblockedAt = time.Now()
		}
	}
	s.mu.Unlock()
	if !open {
		return
	}
	if answer, err := by.do(command); err != nil || answer != ":0\r\n" && answer != ":1\r\n" {
		s.mu.Lock()
		s.wrong("CLIENT UNBLOCK: %q, %v", answer, err)
		s.mu.Unlock()
	}
}

// serveCanceller is the server's end of a canceller's connection.
func (s *simulatedServer) serveCanceller(line *simulatedLine) {
	line.serve(func(args []string, _ time.Time) {
		if args[0] == "AUTH" {
			line.say("+OK\r\n")
			return
		}
		if len(args) == 4 && args[3] == "ERROR" {
			line.say(s.unblock(lease.UnblockedReply))
		} else {
			line.say(s.unblock(lease.NullReply))
		}
	})
}

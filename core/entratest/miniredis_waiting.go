package entratest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/redcon"
)

// A waiter is a connection whose blocking command has found nothing yet. It is in Miniredis.waiting
// until a goroutine takes it from there. That goroutine must answer it.
type waiter struct {
	conn   *miniConn
	cmd    blockingCommand
	answer chan []byte // has room for one
}

// Waiters are blocked commands, in the order in which they came.
type waiters []*waiter

// blockLocked runs a blocking command: it returns the reply, or who will get it. It needs Miniredis.running.
func (c *miniConn) blockLocked(cmd blockingCommand) ([]byte, *waiter) {
	c.pin(cmd)
	w := &waiter{conn: c, cmd: cmd, answer: make(chan []byte, 1)}
	if b := w.try(); b != nil {
		c.miniredis.written()
		c.miniredis.waiting.serve()
		return b, nil
	}
	if !cmd.waits() {
		return c.null(), nil
	}
	c.miniredis.waiting = append(c.miniredis.waiting, w)
	return nil, w
}

// wait blocks until the command has an answer, its time is over, or the connection has ended: then the answer is
// empty. The caller holds nothing.
func (c *miniConn) wait(w *waiter) []byte {
	var over <-chan time.Time
	if w.cmd.timeout > 0 {
		timer := time.NewTimer(w.cmd.timeout)
		defer timer.Stop()
		over = timer.C
	}
	var b []byte
	select {
	case b := <-w.answer:
		return b
	case <-over:
		b = c.null()
	case <-c.left:
	}
	c.miniredis.running.Lock()
	defer c.miniredis.running.Unlock()
	if !c.miniredis.waiting.take(w) {
		return <-w.answer // it came in the same moment
	}
	return b
}

// try returns nil if there is nothing yet.
func (w *waiter) try() []byte {
	resp3 := w.conn.resp3.Load()
	w.conn.peer.Resp3 = false // redcon does not read RESP3
	defer func() { w.conn.peer.Resp3 = resp3 }()
	for _, attempt := range w.cmd.attempts {
		switch b := w.conn.dispatch(attempt); {
		case foundNothing(b):
		case b[0] == '-' || w.cmd.answer == nil:
			return b
		default:
			return w.cmd.answer(attempt, b, resp3)
		}
	}
	return nil
}

// waits reports whether a command that finds nothing waits: XREADGROUP does so for new entries only.
func (cmd blockingCommand) waits() bool {
	attempt := cmd.attempts[0]
	if attempt[0] != "XREADGROUP" {
		return true
	}
	streams := attempt[1+slices.IndexFunc(attempt, func(arg string) bool { return strings.EqualFold(arg, "STREAMS") }):]
	return !slices.ContainsFunc(streams[len(streams)/2:], func(id string) bool { return id != ">" })
}

// pin replaces the ID $ of XREAD, which means the last entry when the command came.
func (c *miniConn) pin(cmd blockingCommand) {
	attempt := cmd.attempts[0]
	at := slices.IndexFunc(attempt, func(arg string) bool { return strings.EqualFold(arg, "STREAMS") })
	if !strings.EqualFold(attempt[0], "XREAD") || at < 0 {
		return
	}
	streams := attempt[at+1:]
	for i, id := range streams[len(streams)/2:] {
		if id != "$" || len(streams)%2 != 0 {
			continue
		}
		streams[len(streams)/2+i] = "0-0"
		_, entries := redcon.ReadNextRESP(c.dispatch([]string{"XREVRANGE", streams[i], "+", "-", "COUNT", "1"}))
		entries.ForEach(func(entry redcon.RESP) bool {
			_, last := redcon.ReadNextRESP(entry.Data)
			streams[len(streams)/2+i] = last.String()
			return false
		})
	}
}

// serve gives what a command has written to the waiters for it, in the order in which they came. A
// waiter whose key now holds another type of value goes on waiting.
func (all *waiters) serve() {
	for served := true; served; { // another waiter may wait for what BLMOVE moved
		served = false
		for _, w := range slices.Clone(*all) {
			if w.conn.isGone() {
				continue // nothing is popped for it
			}
			if b := w.try(); b != nil && !strings.HasPrefix(string(b), "-WRONGTYPE") {
				all.take(w)
				w.answer <- b
				w.conn.miniredis.written()
				served = true
			}
		}
	}
}

// take removes w, and reports false if it was removed before.
func (all *waiters) take(w *waiter) bool {
	at := slices.Index(*all, w)
	if at >= 0 {
		*all = slices.Delete(*all, at, at+1)
	}
	return at >= 0
}

// unblock is CLIENT UNBLOCK.
func (all *waiters) unblock(args []string) []byte {
	if len(args) < 1 || len(args) > 2 {
		return redcon.AppendError(nil, "ERR wrong number of arguments for 'client|unblock' command")
	}
	var failed []byte
	if len(args) == 2 {
		switch strings.ToUpper(args[1]) {
		case "ERROR":
			failed = redcon.AppendError(nil, "UNBLOCKED client unblocked via CLIENT UNBLOCK")
		case "TIMEOUT":
		default:
			return redcon.AppendError(nil, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
		}
	}
	id, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return redcon.AppendError(nil, "ERR value is not an integer or out of range")
	}
	at := slices.IndexFunc(*all, func(w *waiter) bool { return w.conn.id == id })
	if at < 0 {
		return redcon.AppendInt(nil, 0)
	}
	w := (*all)[at]
	all.take(w)
	if failed == nil {
		failed = w.conn.null()
	}
	w.answer <- failed
	return redcon.AppendInt(nil, 1)
}

// null returns the reply of a blocking command whose timeout has passed.
func (c *miniConn) null() []byte {
	if c.resp3.Load() {
		return []byte("_\r\n")
	}
	return []byte("*-1\r\n")
}

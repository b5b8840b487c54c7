package entratest

import (
	"slices"
	"strconv"
	"strings"

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

// try returns nil if there is nothing yet.
func (w *waiter) try() []byte {
	resp3 := w.conn.protocol.resp3.Load()
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

// unblock is CLIENT UNBLOCK, sent through a proxy.
func (all *waiters) unblock(proxy int, args []string) []byte {
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
	at := slices.IndexFunc(*all, func(w *waiter) bool { return w.conn.id == id && w.conn.as.proxy == proxy })
	if at < 0 {
		return redcon.AppendInt(nil, 0)
	}
	w := (*all)[at]
	all.take(w)
	if failed == nil {
		failed = w.conn.protocol.nullArray()
	}
	w.answer <- failed
	return redcon.AppendInt(nil, 1)
}

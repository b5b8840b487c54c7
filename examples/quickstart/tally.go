package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// A tally counts what became of one client's commands and connections.
type tally struct {
	library string

	commands atomic.Int64 // with the right answer
	errors   atomic.Int64
	auths    atomic.Int64 // accepted by the server, logins included
	refused  atomic.Int64 // AUTHs that the server refused
	opened   atomic.Int64 // connections since the start
	closed   atomic.Int64
	latency  latency
	failed   func() // called for every error

	mu            sync.Mutex
	firstErr      error
	openedAtStart int64 // connections opened when every worker had completed its first iteration; -1 until then
}

func (t *tally) served(commands int, took time.Duration) {
	t.commands.Add(int64(commands))
	t.latency.record(took)
}

func (t *tally) fail(err error) {
	t.mu.Lock()
	if t.firstErr == nil {
		t.firstErr = err
	}
	t.mu.Unlock()
	t.errors.Add(1)
	t.failed()
}

func (t *tally) err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.firstErr
}

func (t *tally) markStart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.openedAtStart = t.opened.Load()
}

// redials returns how many connections the client opened after it had all that it needs.
func (t *tally) redials() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.openedAtStart < 0 {
		return 0
	}
	return t.opened.Load() - t.openedAtStart
}

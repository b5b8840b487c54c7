package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A board is what the observer writes to and the screen reads from.
type board struct {
	began   time.Time
	tallies []*tally
	failed  chan struct{} // closed by the first error of any client

	mu     sync.Mutex
	tokens int // that the Source got
	events []string
}

func newBoard() *board {
	b := &board{began: time.Now(), failed: make(chan struct{})}
	fail := sync.OnceFunc(func() { close(b.failed) })
	for _, o := range openings() {
		b.tallies = append(b.tallies, &tally{library: o.library, failed: fail, openedAtStart: -1})
	}
	return b
}

func (b *board) tally(library string) *tally {
	for _, t := range b.tallies {
		if t.library == library {
			return t
		}
	}
	panic("quickstart: no client is called " + library)
}

func (b *board) markStart() {
	for _, t := range b.tallies {
		t.markStart()
	}
	b.event("all connections are open: from now on a new one counts as a redial")
}

// waitFailed returns when a client has met an error, or with ctx.
func (b *board) waitFailed(ctx context.Context) {
	select {
	case <-b.failed:
	case <-ctx.Done():
	}
}

func (b *board) event(format string, args ...any) {
	line := fmt.Sprintf("%5.1f s  ", time.Since(b.began).Seconds()) + fmt.Sprintf(format, args...)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, line)
}

// eventsFrom returns what happened since event number n.
func (b *board) eventsFrom(n int) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.events[min(max(n, 0), len(b.events)):]...)
}

func (b *board) tokenCount() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tokens
}

// observer is all that a program needs to see what the Source and the connections do: the three clients share one
// Source, and Library says which of them an event belongs to.
func (b *board) observer() *entra.Observer {
	return &entra.Observer{
		RefreshDone: func(_ context.Context, info entra.RefreshDoneInfo) {
			if info.Err != nil {
				return // the Source was closed
			}
			b.mu.Lock()
			b.tokens++
			n := b.tokens
			b.mu.Unlock()
			b.event("token %d acquired (%s, attempt %d), expires in %.1f s", n, info.Trigger, info.Attempts, time.Until(info.ExpiresOn).Seconds())
		},
		ConnOpened: func(ctx context.Context, info entra.ConnOpenedInfo) context.Context {
			b.tally(info.Conn.Library).opened.Add(1)
			return ctx
		},
		ConnClosed: func(_ context.Context, info entra.ConnClosedInfo) {
			b.tally(info.Conn.Library).closed.Add(1)
			if info.Reason != entra.CloseByClient {
				b.event("%s lost a connection: %s", info.Conn.Library, info.Reason)
			}
		},
		AuthDone: func(_ context.Context, info entra.AuthDoneInfo) {
			t := b.tally(info.Conn.Library)
			switch {
			case info.Err == nil:
				t.auths.Add(1)
			case info.Refused && t.refused.Add(1) == 1: // the first tells what all the others would
				b.event("%s: AUTH (%s) failed: %v", t.library, info.Phase, info.Err)
			}
		},
		RotationDone: func(_ context.Context, info entra.RotationDoneInfo) {
			b.event("%s: new token on %d connections over %.1f s, %d refused it, %d left out", info.Library, info.Renewed, info.Duration.Seconds(), info.Refused, info.Left)
		},
	}
}

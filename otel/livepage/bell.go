package livepage

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/entraredis/entraredis/core/entra"
)

// A bell tells the streams that there is news. Ringing never waits, and costs one atomic load while
// no stream listens.
type bell struct {
	most      int
	listening atomic.Int32

	mu   sync.Mutex
	ears map[chan struct{}]struct{}
}

// listen returns a channel that gets a value after each ring, one for several if they come faster than they are
// received. ok is false if there are enough listeners already.
func (b *bell) listen() (ear chan struct{}, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ears) >= b.most {
		return nil, false
	}
	if b.ears == nil {
		b.ears = map[chan struct{}]struct{}{}
	}
	ear = make(chan struct{}, 1)
	b.ears[ear] = struct{}{}
	b.listening.Add(1)
	return ear, true
}

func (b *bell) leave(ear chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.ears, ear)
	b.listening.Add(-1)
}

func (b *bell) ring() {
	if b.listening.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for ear := range b.ears {
		select {
		case ear <- struct{}{}:
		default: // it has yet to hear an earlier ring
		}
	}
}

// observer rings at everything that may change a snapshot.
func (b *bell) observer() *entra.Observer {
	return &entra.Observer{
		RefreshStart:  ringAtStart[entra.RefreshStartInfo](b),
		RefreshDone:   ringAtDone[entra.RefreshDoneInfo](b),
		AttemptDone:   ringAtDone[entra.AttemptDoneInfo](b),
		ConnOpened:    ringAtStart[entra.ConnOpenedInfo](b),
		ConnClosed:    ringAtDone[entra.ConnClosedInfo](b),
		AuthDone:      ringAtDone[entra.AuthDoneInfo](b),
		RotationStart: ringAtStart[entra.RotationStartInfo](b),
		RotationDone:  ringAtDone[entra.RotationDoneInfo](b),
		Reconnected:   ringAtDone[entra.ReconnectedInfo](b),
	}
}

func ringAtStart[I any](b *bell) func(context.Context, I) context.Context {
	return func(ctx context.Context, _ I) context.Context {
		b.ring()
		return ctx
	}
}

func ringAtDone[I any](b *bell) func(context.Context, I) {
	return func(context.Context, I) { b.ring() }
}

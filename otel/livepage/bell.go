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

// after returns an Observer that does what o does and rings then. It is one Observer, not two that
// are joined: a Source would call those independently of each other, and the streams that wake up
// have to find everything recorded.
func (b *bell) after(o *entra.Observer) *entra.Observer {
	return &entra.Observer{
		RefreshStart:  ringAfterStart(b, o.RefreshStart),
		RefreshDone:   ringAfterDone(b, o.RefreshDone),
		AttemptDone:   ringAfterDone(b, o.AttemptDone),
		ConnOpened:    ringAfterStart(b, o.ConnOpened),
		ConnClosed:    ringAfterDone(b, o.ConnClosed),
		AuthDone:      ringAfterDone(b, o.AuthDone),
		RotationStart: ringAfterStart(b, o.RotationStart),
		RotationDone:  ringAfterDone(b, o.RotationDone),
		Reconnected:   ringAfterDone(b, o.Reconnected),
	}
}

func ringAfterStart[I any](b *bell, start func(context.Context, I) context.Context) func(context.Context, I) context.Context {
	return func(ctx context.Context, info I) context.Context {
		defer b.ring()
		if start == nil {
			return ctx
		}
		return start(ctx, info)
	}
}

func ringAfterDone[I any](b *bell, done func(context.Context, I)) func(context.Context, I) {
	return func(ctx context.Context, info I) {
		defer b.ring()
		if done != nil {
			done(ctx, info)
		}
	}
}

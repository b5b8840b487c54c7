package outage

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/entraredis/entraredis/bench/internal/peers"
)

// A use is what a program does with a client, and the results.
type use struct {
	client, publisher peers.Client
	cancel            context.CancelFunc
	working           sync.WaitGroup

	mu                        sync.Mutex
	counting                  bool
	commands, failed          int
	firstFailure, lastFailure time.Time
	published, received       map[string]bool
}

func (u *use) start(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	u.cancel = cancel
	u.published, u.received = map[string]bool{}, map[string]bool{}
	ready := make(chan struct{})
	u.working.Go(func() {
		u.client.Listen(ctx, "outage", func() { close(ready) }, func(m string) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.received[m] = true
		})
	})
	<-ready
	for range 4 {
		u.working.Go(func() { every(ctx, u.command) })
	}
	n := 0
	u.working.Go(func() {
		every(ctx, func(ctx context.Context) {
			n++
			u.publish(ctx, strconv.Itoa(n))
		})
	})
}

// every calls f once in a second.
func every(ctx context.Context, f func(context.Context)) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f(ctx)
		}
	}
}

func (u *use) command(ctx context.Context) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := u.client.Get(ctx, "key")
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.counting {
		return
	}
	u.commands++
	if err != nil {
		u.failed++
		u.lastFailure = time.Now()
		if u.firstFailure.IsZero() {
			u.firstFailure = began
		}
	}
}

func (u *use) publish(ctx context.Context, message string) {
	u.mu.Lock()
	if u.counting {
		u.published[message] = true
	}
	u.mu.Unlock()
	_ = u.publisher.Publish(ctx, "outage", message)
}

func (u *use) count(counting bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.counting = counting
}

func (u *use) end() {
	u.cancel()
	u.working.Wait()
}

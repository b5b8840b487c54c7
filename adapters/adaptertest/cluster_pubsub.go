package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// shardedPubSub catches a library that does not renew a connection with a shard channel, and one
// that loses count when the server ends the subscription by itself because the channel's slot has
// moved away. The program then subscribes again, as Redis expects. Every message that any node
// delivered must arrive.
func shardedPubSub(e *clusterEnv) {
	const channel = "channel"
	client := e.open("listener", 4)
	l := &listening{e: e, client: client, channel: channel, subscribed: make(chan struct{}, 8)}
	ctx, cancel := context.WithCancel(e.ctx)
	listener := e.crews.add()
	listener.Go(func() { l.run(ctx) })
	defer listener.Wait()
	defer cancel()
	l.await()
	var delivered []string
	var count atomic.Int64 // of them
	e.during(func() {
		e.awaitTokens(1)
		from, err := e.cluster.Owner(e.ctx, entratest.KeySlot(channel))
		if err != nil {
			e.t.Errorf("%v", err)
			return
		}
		for _, n := range e.cluster.Nodes()[:3] {
			if n == from {
				continue
			}
			if err := e.migrate(entratest.KeySlot(channel), n); err != nil {
				e.t.Errorf("migration: %v", err)
				return
			}
			l.await()
		}
		e.awaitTokens(2)
		e.eventually("20 messages", func(context.Context) error {
			if n := count.Load(); n < 20 {
				return fmt.Errorf("only %d", n)
			}
			return nil
		})
	}, 1, 0, func(_, iteration int) error {
		message := strconv.Itoa(iteration)
		n, err := client.Do(e.ctx, "SPUBLISH", channel, message)
		switch {
		case err != nil:
			return err
		case n == int64(1):
			delivered = append(delivered, message)
			count.Add(1)
		case n != int64(0): // no subscription on the new node yet
			return fmt.Errorf("message %d went to %v subscribers", iteration, n)
		}
		return nil
	})
	e.eventually("the last message", func(context.Context) error { return l.has(len(delivered)) })
	e.each(func(_ int, one *env) {
		if n := one.gateway.Stats().Expired; n > 0 {
			one.t.Errorf("%s closed %d connections whose token had expired", one.gateway.Addr(), n)
		}
		one.eachTokenOnce()
	})
	received := l.messages()
	if !slices.Equal(received, delivered) {
		e.t.Errorf("the servers delivered %d messages, %d came, or not in their order", len(delivered), len(received))
	}
	if l.moves() != 2 {
		e.t.Errorf("%d subscriptions ended by the server, want 2", l.moves())
	}
}

// A listening is a program that subscribes anew when it is told to.
type listening struct {
	e          *clusterEnv
	client     ClusterClient
	channel    string
	subscribed chan struct{}

	mu       sync.Mutex
	received []string
	ended    int
}

func (l *listening) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := l.client.Listen(ctx, l.channel, l.announce, func(message string) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.received = append(l.received, message)
		})
		if l.e.output.saw(err) == nil {
			l.mu.Lock()
			l.ended++
			l.mu.Unlock()
		}
		// A library that does not know yet where the slot is now gets an error.
		rest(ctx, 20*time.Millisecond)
	}
}

func (l *listening) announce() {
	select {
	case l.subscribed <- struct{}{}:
	case <-l.e.ctx.Done():
	}
}

// await waits until the channel is subscribed again.
func (l *listening) await() {
	l.e.t.Helper()
	select {
	case <-l.subscribed:
	case <-l.e.ctx.Done():
		l.e.t.Error("not subscribed")
	}
}

func (l *listening) has(n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.received) < n {
		return errors.New("has not come")
	}
	return nil
}

func (l *listening) messages() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.received)
}

func (l *listening) moves() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

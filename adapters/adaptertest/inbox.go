package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// An inbox takes the messages of one subscription, which are numbers in order.
type inbox struct {
	mu  sync.Mutex
	got []string
}

func (b *inbox) take(message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, message)
}

// complete waits for the last of the numbers from 0 to sent − 1, and fails the scenario unless they came each once
// and in order.
func (b *inbox) complete(e *env, sent int) {
	e.t.Helper()
	e.eventually("the last message", func(context.Context) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.got) < sent {
			return fmt.Errorf("%d of %d messages have come", len(b.got), sent)
		}
		return nil
	})
	if err := b.inOrder(sent); err != nil {
		e.t.Error(err)
	}
}

// inOrder returns an error unless the numbers from 0 to sent − 1 came each once and in order, and nothing else.
func (b *inbox) inOrder(sent int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	want := make([]string, sent)
	for i := range want {
		want[i] = strconv.Itoa(i)
	}
	if !slices.Equal(b.got, want) {
		return fmt.Errorf("%d messages were sent, %d came, or not in their order: %v", sent, len(b.got), b.got)
	}
	return nil
}

// completeNow is complete where the subscription may have ended: it publishes more numbers until the newest comes, and
// that one tells whether others are missing.
func (b *inbox) completeNow(e *env, client Client, channel string, sent int) error {
	for {
		newest := strconv.Itoa(sent)
		got, err := client.Do(e.ctx, "PUBLISH", channel, newest)
		if err == nil && got != int64(1) {
			err = fmt.Errorf("message %s went to %v subscribers", newest, got)
		}
		if err != nil {
			return err
		}
		sent++
		if rest(e.ctx, e.interval(1000)); b.has(newest) || e.ctx.Err() != nil {
			return errors.Join(e.ctx.Err(), b.inOrder(sent))
		}
	}
}

func (b *inbox) has(message string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.got, message)
}

// subscribe subscribes into an inbox.
func (e *env) subscribe(client Client, kind Kind, name string) (*inbox, Subscription) {
	e.t.Helper()
	b := &inbox{}
	sub, err := e.trySubscribe(client, kind, name, b.take)
	if err != nil {
		e.t.Fatalf("%s: %v", kind, e.output.saw(err))
	}
	return b, sub
}

// trySubscribe is subscribe where that may fail. It stops a subscription at the end of a scenario that has failed.
func (e *env) trySubscribe(client Client, kind Kind, name string, take func(string)) (Subscription, error) {
	sub, err := client.Subscribe(e.ctx, kind, name, take)
	if err != nil {
		return sub, err
	}
	sub.Stop = sync.OnceValue(sub.Stop)
	e.t.Cleanup(func() {
		if e.t.Failed() {
			e.end()
			_ = sub.Stop() // the failure says more
		}
	})
	return sub, nil
}

// publish publishes numbers from 0 while wait waits, with a PING on the subscription now and then, and returns how
// many it has sent.
func (e *env) publish(client Client, command, channel string, sub Subscription, wait func()) int {
	e.t.Helper()
	sent, err := e.tryPublish(client, command, channel, sub, wait)
	if err != nil {
		e.t.Errorf("a command failed: %v", e.output.saw(err))
	}
	return sent
}

// tryPublish is publish where the subscription may end.
func (e *env) tryPublish(client Client, command, channel string, sub Subscription, wait func()) (sent int, err error) {
	return e.tryDuring(wait, 1, e.interval(1000), func(_, iteration int) error {
		if sub.Ping != nil && iteration%10 == 5 {
			if err := sub.Ping(e.ctx); err != nil {
				return fmt.Errorf("PING while subscribed: %w", err)
			}
		}
		got, err := client.Do(e.ctx, command, channel, strconv.Itoa(iteration))
		if err == nil && got != int64(1) {
			err = fmt.Errorf("message %d went to %v subscribers", iteration, got)
		}
		return err
	})
}

// stop ends a subscription.
func (e *env) stop(sub Subscription) {
	e.t.Helper()
	if err := sub.Stop(); err != nil {
		e.t.Errorf("unsubscribing: %v", e.output.saw(err))
	}
}

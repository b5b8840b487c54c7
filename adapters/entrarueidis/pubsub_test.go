package entrarueidis_test

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/entraredis/entraredis/adapters/adaptertest"
	"github.com/redis/rueidis"
)

func (c *client) Subscribe(ctx context.Context, kind adaptertest.Kind, name string, fn func(string)) (adaptertest.Subscription, error) {
	ctx, cancel := context.WithCancel(ctx)
	subscribed := make(chan struct{})
	confirm := sync.OnceFunc(func() { close(subscribed) })
	done := make(chan error, 1)
	var command rueidis.Completed
	switch kind {
	case adaptertest.Channel:
		command = c.B().Subscribe().Channel(name).Build()
	case adaptertest.Pattern:
		command = c.B().Psubscribe().Pattern(name).Build()
	case adaptertest.Shard:
		command = c.B().Ssubscribe().Channel(name).Build()
	}
	stop := c.confirmations.Expect(strings.ToLower(command.Commands()[0]), name, confirm)
	defer stop()
	go func() {
		done <- c.Receive(ctx, command, func(m rueidis.PubSubMessage) { fn(m.Message) })
	}()
	select {
	case <-subscribed:
	case err := <-done:
		cancel()
		return adaptertest.Subscription{}, err
	}
	return adaptertest.Subscription{Stop: func() error {
		cancel() // rueidis unsubscribes then
		if err := <-done; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}}, nil
}

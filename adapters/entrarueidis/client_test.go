package entrarueidis_test

import (
	"context"
	"errors"
	"sync"

	"github.com/entraredis/entraredis/adapters/adaptertest"
	"github.com/redis/rueidis"
)

// A conn is a rueidis client, or a connection dedicated to one user, in the suite's words.
type conn struct{ rueidis.CoreClient }

func (c conn) Do(ctx context.Context, args ...string) (any, error) {
	return plain(c.CoreClient.Do(ctx, c.command(args)))
}

func (c conn) command(args []string) rueidis.Completed { return c.B().Arbitrary(args...).Build() }

func plain(result rueidis.RedisResult) (any, error) {
	reply, err := result.ToAny()
	if rueidis.IsRedisNil(err) {
		return nil, nil
	}
	return reply, err
}

type client struct{ conn }

func (c *client) rueidis() rueidis.Client { return c.CoreClient.(rueidis.Client) }

func (c *client) Pipeline(ctx context.Context, commands ...[]string) ([]any, error) {
	multi := make([]rueidis.Completed, len(commands))
	for i, command := range commands {
		multi[i] = c.command(command)
	}
	replies := make([]any, len(commands))
	for i, result := range c.DoMulti(ctx, multi...) {
		if err := result.NonRedisError(); err != nil {
			return nil, err
		}
		reply, err := plain(result)
		if replies[i] = reply; err != nil {
			replies[i] = err
		}
	}
	return replies, nil
}

func (c *client) Transaction(ctx context.Context, commands ...[]string) ([]any, error) {
	all := append([][]string{{"MULTI"}}, commands...)
	replies, err := c.Pipeline(ctx, append(all, []string{"EXEC"})...)
	if err != nil {
		return nil, err
	}
	switch reply := replies[len(replies)-1].(type) {
	case error:
		return nil, reply
	case []any:
		return reply, nil
	}
	return nil, nil
}

func (c *client) Swap(ctx context.Context, key string, change func(string) string) (swapped bool, err error) {
	err = c.rueidis().Dedicated(func(held rueidis.DedicatedClient) error {
		if err := held.Do(ctx, held.B().Watch().Key(key).Build()).Error(); err != nil {
			return err
		}
		old, err := held.Do(ctx, held.B().Get().Key(key).Build()).ToString()
		if err != nil && !rueidis.IsRedisNil(err) {
			return err
		}
		results := held.DoMulti(ctx, held.B().Multi().Build(), held.B().Set().Key(key).Value(change(old)).Build(), held.B().Exec().Build())
		err = results[2].Error()
		if rueidis.IsRedisNil(err) {
			return nil
		}
		swapped = err == nil
		return err
	})
	return swapped, err
}

func (c *client) Hold(_ context.Context, fn func(adaptertest.Conn) error) error {
	return c.rueidis().Dedicated(func(held rueidis.DedicatedClient) error { return fn(conn{held}) })
}

func (c *client) Subscribe(ctx context.Context, channel string, fn func(string)) (func() error, error) {
	ctx, cancel := context.WithCancel(ctx)
	subscribed := make(chan struct{})
	confirm := sync.OnceFunc(func() { close(subscribed) }) // again after each reconnect
	done := make(chan error, 1)
	hooked := rueidis.WithOnSubscriptionHook(ctx, func(s rueidis.PubSubSubscription) {
		if s.Kind == "subscribe" {
			confirm()
		}
	})
	go func() {
		done <- c.Receive(hooked, c.B().Subscribe().Channel(channel).Build(), func(m rueidis.PubSubMessage) { fn(m.Message) })
	}()
	select {
	case <-subscribed:
	case err := <-done:
		cancel()
		return nil, err
	}
	return func() error {
		cancel() // rueidis unsubscribes then
		if err := <-done; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}, nil
}

func (c *client) Close() error {
	c.rueidis().Close()
	return nil
}

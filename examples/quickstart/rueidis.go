package main

import (
	"context"
	"strconv"
	"time"

	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/redis/rueidis"
)

// rueidisClient sends what all its callers write through a few connections that they share.
type rueidisClient struct{ rueidis.Client }

func openRueidis(s server) (client, error) {
	opt := rueidis.ClientOption{
		InitAddress:       []string{s.addr},
		TLSConfig:         s.tls,
		ForceSingleClient: true,
		DisableRetry:      true, // a retry would hide the failure that we look for
	}
	if err := entrarueidis.Configure(&opt, s.src, nil); err != nil {
		return nil, err
	}
	c, err := rueidis.NewClient(opt)
	if err != nil {
		return nil, err
	}
	return rueidisClient{c}, nil
}

func (c rueidisClient) set(ctx context.Context, key, value string) error {
	return c.Do(ctx, c.B().Set().Key(key).Value(value).Ex(time.Hour).Build()).Error()
}

func (c rueidisClient) get(ctx context.Context, key string) (string, error) {
	return c.Do(ctx, c.B().Get().Key(key).Build()).ToString()
}

func (c rueidisClient) count(ctx context.Context, key string, n int) ([]int64, error) {
	commands := make(rueidis.Commands, n)
	for i := range commands {
		commands[i] = c.B().Incr().Key(key).Build()
	}
	counts := make([]int64, n)
	for i, reply := range c.DoMulti(ctx, commands...) {
		value, err := reply.AsInt64()
		if err != nil {
			return nil, err
		}
		counts[i] = value
	}
	return counts, nil
}

func (c rueidisClient) publish(ctx context.Context, channel, message string) error {
	return c.Do(ctx, c.B().Publish().Channel(channel).Message(message).Build()).Error()
}

func (c rueidisClient) remove(ctx context.Context, keys ...string) error {
	return c.Do(ctx, c.B().Del().Key(keys...).Build()).Error()
}

// warm reads enough keys to meet each of the shared connections, which rueidis chooses by key and opens when
// they are first used.
func (c rueidisClient) warm(ctx context.Context) error {
	for i := range 8 * connections {
		_, err := c.get(ctx, "quickstart:warm:"+strconv.Itoa(i))
		if err != nil && !rueidis.IsRedisNil(err) {
			return err
		}
	}
	return nil
}

func (c rueidisClient) subscribe(ctx context.Context, channel string, ready func(), receive func(string)) error {
	conn, release := c.Dedicate()
	defer release()
	lost := conn.SetPubSubHooks(rueidis.PubSubHooks{
		OnMessage:      func(m rueidis.PubSubMessage) { receive(m.Message) },
		OnSubscription: func(rueidis.PubSubSubscription) { ready() },
	})
	if err := conn.Do(ctx, conn.B().Subscribe().Channel(channel).Build()).Error(); err != nil {
		return err
	}
	select {
	case err := <-lost:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (c rueidisClient) close() { c.Close() }

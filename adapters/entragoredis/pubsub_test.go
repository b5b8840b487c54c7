package entragoredis_test

import (
	"context"
	"errors"

	"github.com/entraredis/entraredis/adapters/adaptertest"
	"github.com/redis/go-redis/v9"
)

func (c *client) Subscribe(ctx context.Context, kind adaptertest.Kind, name string, fn func(string)) (adaptertest.Subscription, error) {
	subscribe, unsubscribe := c.redis().Subscribe, (*redis.PubSub).Unsubscribe
	switch kind {
	case adaptertest.Pattern:
		subscribe, unsubscribe = c.redis().PSubscribe, (*redis.PubSub).PUnsubscribe
	case adaptertest.Shard:
		subscribe, unsubscribe = c.redis().SSubscribe, (*redis.PubSub).SUnsubscribe
	}
	sub := subscribe(ctx, name)
	if _, err := sub.Receive(ctx); err != nil { // the confirmation
		return adaptertest.Subscription{}, errors.Join(err, sub.Close())
	}
	var opts []redis.ChannelOption
	if c.noPings {
		opts = append(opts, redis.WithChannelHealthCheckInterval(0)) // no PING every three seconds
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for message := range sub.Channel(opts...) {
			fn(message.Payload)
		}
	}()
	return adaptertest.Subscription{
		Ping: func(ctx context.Context) error { return sub.Ping(ctx, "alive") },
		Stop: func() error {
			err := unsubscribe(sub, ctx, name)
			err = errors.Join(err, sub.Close())
			<-done
			return err
		},
	}, nil
}

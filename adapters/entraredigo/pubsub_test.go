package entraredigo_test

import (
	"context"
	"errors"

	"github.com/entraredis/entraredis/adapters/adaptertest"
	"github.com/gomodule/redigo/redis"
)

func (c client) Subscribe(ctx context.Context, kind adaptertest.Kind, name string, fn func(string)) (adaptertest.Subscription, error) {
	borrowed, err := c.pool.GetContext(ctx)
	if err != nil {
		return adaptertest.Subscription{}, err
	}
	sub := redis.PubSubConn{Conn: borrowed}
	subscribe, unsubscribe := sub.Subscribe, sub.Unsubscribe
	switch kind {
	case adaptertest.Pattern:
		subscribe, unsubscribe = sub.PSubscribe, sub.PUnsubscribe
	case adaptertest.Shard:
		return adaptertest.Subscription{}, errors.Join(errors.New("redigo's PubSubConn knows no shards"), borrowed.Close())
	}
	if err := subscribe(name); err != nil {
		return adaptertest.Subscription{}, errors.Join(err, borrowed.Close())
	}
	if err, failed := sub.ReceiveContext(ctx).(error); failed {
		return adaptertest.Subscription{}, errors.Join(err, borrowed.Close())
	}
	pongs, done, ended := make(chan string, 1), make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		done <- receive(sub, fn, pongs)
	}()
	return adaptertest.Subscription{
		Ended: ended,
		Ping: func(ctx context.Context) error {
			if err := sub.Ping("alive"); err != nil {
				return err
			}
			select {
			case pong := <-pongs:
				if pong != "alive" {
					return errors.New("PING alive was answered " + pong)
				}
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
		Stop: func() error {
			return errors.Join(unsubscribe(), <-done, borrowed.Close()) // Close reads, too
		},
	}, nil
}

// receive hands on what comes until nothing is subscribed any more.
func receive(sub redis.PubSubConn, fn func(string), pongs chan<- string) error {
	for {
		switch got := sub.Receive().(type) {
		case redis.Message:
			fn(string(got.Data))
		case redis.Pong:
			pongs <- got.Data
		case redis.Subscription:
			if got.Count == 0 {
				return nil
			}
		case error:
			return got
		}
	}
}

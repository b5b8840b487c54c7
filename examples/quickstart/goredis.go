package main

import (
	"context"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/redis/go-redis/v9"
)

type goRedis struct{ rdb *redis.Client }

func openGoRedis(s server) (client, error) {
	opt := &redis.Options{
		Addr:       s.addr,
		TLSConfig:  s.tls,
		PoolSize:   connections,
		MaxRetries: -1, // a retry would hide the failure that we look for
	}
	if err := entragoredis.Configure(opt, s.src, nil); err != nil {
		return nil, err
	}
	return goRedis{redis.NewClient(opt)}, nil
}

func (c goRedis) set(ctx context.Context, key, value string) error {
	return c.rdb.Set(ctx, key, value, time.Hour).Err()
}

func (c goRedis) get(ctx context.Context, key string) (string, error) {
	return c.rdb.Get(ctx, key).Result()
}

func (c goRedis) count(ctx context.Context, key string, n int) ([]int64, error) {
	conn := c.rdb.Conn() // of the pool that warm fills: newer versions of go-redis have another one for pipelines
	defer closeQuietly(conn)
	pipe := conn.Pipeline()
	for range n {
		pipe.Incr(ctx, key)
	}
	replies, err := pipe.Exec(ctx)
	if err != nil {
		return nil, err
	}
	counts := make([]int64, n)
	for i, reply := range replies {
		counts[i] = reply.(*redis.IntCmd).Val()
	}
	return counts, nil
}

func (c goRedis) publish(ctx context.Context, channel, message string) error {
	return c.rdb.Publish(ctx, channel, message).Err()
}

func (c goRedis) remove(ctx context.Context, keys ...string) error {
	return c.rdb.Del(ctx, keys...).Err()
}

func (c goRedis) warm(ctx context.Context) error {
	for range connections {
		conn := c.rdb.Conn()
		defer closeQuietly(conn) // gives it back to the pool, when all are there
		if err := conn.Ping(ctx).Err(); err != nil {
			return err
		}
	}
	return nil
}

func (c goRedis) subscribe(ctx context.Context, channel string, ready func(), receive func(string)) error {
	sub := c.rdb.Subscribe(ctx, channel)
	defer closeQuietly(sub)
	defer context.AfterFunc(ctx, func() { closeQuietly(sub) })() // Receive heeds deadlines, but not the end of ctx
	for {
		got, err := sub.Receive(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		switch got := got.(type) {
		case *redis.Subscription:
			ready()
		case *redis.Message:
			receive(got.Payload)
		}
	}
}

func (c goRedis) close() { closeQuietly(c.rdb) }

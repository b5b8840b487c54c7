package main

import (
	"context"
	"time"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/gomodule/redigo/redis"
)

// redigoPool speaks RESP2, and subscribes in it too.
type redigoPool struct{ pool *redis.Pool }

func openRedigo(s server) (client, error) {
	const subscribed = 1
	pool := &redis.Pool{MaxIdle: connections, MaxActive: connections + subscribed, Wait: true}
	if err := entraredigo.Configure(pool, s.addr, s.src, &entraredigo.Options{TLSConfig: s.tls}); err != nil {
		return nil, err
	}
	return redigoPool{pool}, nil
}

// do runs one command on a connection of the pool.
func (c redigoPool) do(ctx context.Context, command string, args ...any) (any, error) {
	conn, err := c.pool.GetContext(ctx)
	if err != nil {
		return nil, err
	}
	defer closeQuietly(conn)
	return redis.DoContext(conn, ctx, command, args...)
}

func (c redigoPool) set(ctx context.Context, key, value string) error {
	_, err := c.do(ctx, "SET", key, value, "EX", int(time.Hour.Seconds()))
	return err
}

func (c redigoPool) get(ctx context.Context, key string) (string, error) {
	return redis.String(c.do(ctx, "GET", key))
}

func (c redigoPool) count(ctx context.Context, key string, n int) ([]int64, error) {
	conn, err := c.pool.GetContext(ctx)
	if err != nil {
		return nil, err
	}
	defer closeQuietly(conn)
	for range n {
		if err := conn.Send("INCR", key); err != nil {
			return nil, err
		}
	}
	return redis.Int64s(redis.DoContext(conn, ctx, "")) // flushes, and collects what is outstanding
}

func (c redigoPool) publish(ctx context.Context, channel, message string) error {
	_, err := c.do(ctx, "PUBLISH", channel, message)
	return err
}

func (c redigoPool) remove(ctx context.Context, keys ...string) error {
	_, err := c.do(ctx, "DEL", redis.Args{}.AddFlat(keys)...)
	return err
}

func (c redigoPool) warm(ctx context.Context) error {
	for range connections {
		conn, err := c.pool.GetContext(ctx)
		if err != nil {
			return err
		}
		defer closeQuietly(conn) // gives it back to the pool, when all are there
		if _, err := redis.DoContext(conn, ctx, "PING"); err != nil {
			return err
		}
	}
	return nil
}

func (c redigoPool) subscribe(ctx context.Context, channel string, ready func(), receive func(string)) error {
	conn, err := c.pool.GetContext(ctx)
	if err != nil {
		return err
	}
	sub := redis.PubSubConn{Conn: conn}
	defer closeQuietly(conn)
	if err := sub.Subscribe(channel); err != nil {
		return err
	}
	for {
		switch got := sub.ReceiveContext(ctx).(type) {
		case redis.Subscription:
			ready()
		case redis.Message:
			receive(string(got.Data))
		case error:
			if ctx.Err() != nil {
				return nil
			}
			return got
		}
	}
}

func (c redigoPool) close() { closeQuietly(c.pool) }

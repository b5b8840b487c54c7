package peers

import (
	"context"
	"errors"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/core/entra"
)

type redigo struct {
	*redis.Pool
	after func() // what to end when the pool has
}

// redigoPool is what all ways share. A connection that was idle for a while is tried before it is used, as redigo's
// documentation shows.
func redigoPool(at Site) *redis.Pool {
	return &redis.Pool{
		MaxIdle: at.Conns,
		TestOnBorrowContext: func(ctx context.Context, c redis.Conn, lastUsed time.Time) error {
			if time.Since(lastUsed) < time.Minute {
				return nil
			}
			_, err := redis.DoContext(c, ctx, "PING")
			return err
		},
	}
}

func oursRedigo(_ context.Context, at Site) (Client, error) {
	src, err := entra.NewSource(at.Credential, nil)
	if err != nil {
		return nil, err
	}
	pool := redigoPool(at)
	if err := entraredigo.Configure(pool, at.Addr, src, &entraredigo.Options{Dial: at.Dial}); err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return &redigo{pool, func() { _ = src.Close() }}, nil
}

// lifetimeRedigo lets no connection in the pool become older than a token has left at least when it is used to log in.
func lifetimeRedigo(ctx context.Context, at Site) (Client, error) {
	p, err := newProvider(ctx, at.Credential)
	if err != nil {
		return nil, err
	}
	pool := dialing(at, p)
	pool.MaxConnLifetime = p.least()
	return &redigo{pool, p.close}, nil
}

// dialRedigo takes the newest token for each connection that is dialed.
func dialRedigo(ctx context.Context, at Site) (Client, error) {
	p, err := newProvider(ctx, at.Credential)
	if err != nil {
		return nil, err
	}
	return &redigo{dialing(at, p), p.close}, nil
}

func dialing(at Site, p *provider) *redis.Pool {
	pool := redigoPool(at)
	pool.DialContext = func(ctx context.Context) (redis.Conn, error) {
		t, _ := p.current()
		opts := []redis.DialOption{redis.DialUsername(user), redis.DialPassword(t.Token)}
		if at.Dial != nil {
			opts = append(opts, redis.DialContextFunc(at.Dial))
		}
		return redis.DialContext(ctx, "tcp", at.Addr, opts...)
	}
	return pool
}

func (c *redigo) Close() error {
	defer c.after()
	return c.Pool.Close()
}

func (c *redigo) do(ctx context.Context, use func(redis.Conn) error) error {
	conn, err := c.GetContext(ctx)
	if err != nil {
		return err
	}
	return errors.Join(use(conn), conn.Close())
}

func (c *redigo) Get(ctx context.Context, key string) error {
	return c.do(ctx, func(conn redis.Conn) error {
		_, err := redis.DoContext(conn, ctx, "GET", key)
		return err
	})
}

func (c *redigo) Pop(ctx context.Context, key string, timeout time.Duration) (popped bool, err error) {
	err = c.do(ctx, func(conn redis.Conn) error {
		reply, err := redis.DoWithTimeout(conn, timeout+10*time.Second, "BLPOP", key, timeout.Seconds())
		popped = err == nil && reply != nil
		return err
	})
	return popped, err
}

// Listen subscribes again on another connection when one has ended, as programs with redigo do.
func (c *redigo) Listen(ctx context.Context, channel string, ready func(), message func(string)) {
	for ctx.Err() == nil {
		_ = c.listen(ctx, channel, func() {
			if ready != nil {
				ready()
				ready = nil
			}
		}, message)
		pause(ctx)
	}
}

func (c *redigo) listen(ctx context.Context, channel string, ready func(), message func(string)) error {
	conn, err := c.DialContext(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	sub := redis.PubSubConn{Conn: conn}
	if err := sub.Subscribe(channel); err != nil {
		return errors.Join(err, conn.Close())
	}
	for {
		switch got := sub.ReceiveWithTimeout(0).(type) {
		case redis.Subscription:
			ready()
		case redis.Message:
			message(string(got.Data))
		case error:
			return errors.Join(got, conn.Close())
		}
	}
}

func (c *redigo) Publish(ctx context.Context, channel, message string) error {
	return c.do(ctx, func(conn redis.Conn) error {
		_, err := redis.DoContext(conn, ctx, "PUBLISH", channel, message)
		return err
	})
}

package overhead

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/bench/internal/redisserver"
)

type redigo struct {
	pool  *redis.Pool
	login login
}

// openRedigo opens it as the README does, with timeouts such as the other two clients have by default.
func openRedigo(s *redisserver.Server, l login, secure bool, dial dialFunc) (client, error) {
	return openRedigoWith(s, l, secure, dial, redis.DialReadTimeout(5*time.Second), redis.DialWriteTimeout(5*time.Second))
}

// openPatientRedigo opens it as redigo is by default: it waits for ever.
func openPatientRedigo(s *redisserver.Server, l login, secure bool, dial dialFunc) (client, error) {
	return openRedigoWith(s, l, secure, dial)
}

func openRedigoWith(s *redisserver.Server, l login, secure bool, dial dialFunc, timeouts ...redis.DialOption) (client, error) {
	addr, config := place(s, secure)
	pool := &redis.Pool{MaxIdle: 128}
	if l.tokens {
		opts := &entraredigo.Options{TLSConfig: config, Dial: dial, DialOptions: timeouts}
		return &redigo{pool, l}, entraredigo.Configure(pool, addr, s.Source, opts)
	}
	dial = l.dialing(secure, dial)
	opts := append([]redis.DialOption{redis.DialUsername(redisserver.User), redis.DialPassword(redisserver.Password)}, timeouts...)
	switch {
	case dial != nil:
		opts = append(opts, redis.DialContextFunc(dial))
	case secure:
		opts = append(opts, redis.DialUseTLS(true), redis.DialTLSConfig(config))
	}
	pool.DialContext = func(ctx context.Context) (redis.Conn, error) { return redis.DialContext(ctx, "tcp", addr, opts...) }
	return &redigo{pool, l}, nil
}

func (h *redigo) close() error { return h.pool.Close() }

// do borrows a connection for a moment, as handlers do.
func (h *redigo) do(ctx context.Context, use func(redis.Conn) error) error {
	c, err := h.pool.GetContext(ctx)
	if err != nil {
		return err
	}
	return errors.Join(use(c), c.Close())
}

func (h *redigo) worker(ctx context.Context, w workload) (func() error, error) {
	one := func(command string, args ...any) func() error {
		return func() error {
			return h.do(ctx, func(c redis.Conn) error {
				_, err := c.Do(command, args...)
				return err
			})
		}
	}
	switch w.what {
	case get:
		return one("GET", smallKey), nil
	case pipeline:
		return func() error {
			return h.do(ctx, func(c redis.Conn) error {
				for range pipelined {
					if err := c.Send("GET", smallKey); err != nil {
						return err
					}
				}
				_, err := c.Do("")
				return err
			})
		}, nil
	case large:
		value := strings.Repeat("x", big)
		return func() error { return errors.Join(one("SET", bigKey, value)(), one("GET", bigKey)()) }, nil
	case hgetall:
		return func() error {
			return h.do(ctx, func(c redis.Conn) error {
				_, err := redis.StringMap(c.Do("HGETALL", hashKey))
				return err
			})
		}, nil
	case pubsub:
		return h.subscriber(ctx)
	}
	return nil, fmt.Errorf("no such workload: %s", w.name)
}

// subscriber receives on a connection of its own, which ends with ctx.
func (h *redigo) subscriber(ctx context.Context) (func() error, error) {
	conn, err := h.pool.DialContext(ctx)
	if err != nil {
		return nil, err
	}
	sub := redis.PubSubConn{Conn: conn}
	if err := sub.Subscribe(channel + h.login.name); err != nil {
		return nil, err
	}
	if got, ok := sub.Receive().(redis.Subscription); !ok {
		return nil, fmt.Errorf("instead of the subscription came %v", got)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return func() error {
		err := h.do(ctx, func(c redis.Conn) error {
			_, err := c.Do("EVAL", publishScript, 1, channel+h.login.name, published)
			return err
		})
		if err != nil {
			return err
		}
		for range published {
			if err, failed := sub.Receive().(error); failed {
				return err
			}
		}
		return nil
	}, nil
}

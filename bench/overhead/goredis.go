package overhead

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/bench/internal/redisserver"
)

type goRedis struct {
	client *redis.Client
	login  login
}

func openGoRedis(s *redisserver.Server, l login, secure bool, dial dialFunc) (client, error) {
	addr, config := place(s, secure)
	opt := &redis.Options{Addr: addr, TLSConfig: config, PoolSize: 128, Dialer: l.dialing(secure, dial)}
	if !l.tokens {
		opt.Username, opt.Password = redisserver.User, redisserver.Password
	} else if err := entragoredis.Configure(opt, s.Source, nil); err != nil {
		return nil, err
	}
	return &goRedis{redis.NewClient(opt), l}, nil
}

func (h *goRedis) close() error { return h.client.Close() }

func (h *goRedis) worker(ctx context.Context, w workload) (func() error, error) {
	switch w.what {
	case get:
		return func() error { return h.client.Get(ctx, smallKey).Err() }, nil
	case pipeline:
		return func() error {
			p := h.client.Pipeline()
			for range pipelined {
				p.Get(ctx, smallKey)
			}
			_, err := p.Exec(ctx)
			return err
		}, nil
	case large:
		value := strings.Repeat("x", big)
		return func() error {
			if err := h.client.Set(ctx, bigKey, value, 0).Err(); err != nil {
				return err
			}
			return h.client.Get(ctx, bigKey).Err()
		}, nil
	case hgetall:
		return func() error { return h.client.HGetAll(ctx, hashKey).Err() }, nil
	case pubsub:
		sub := h.client.Subscribe(ctx, channel+h.login.name)
		if _, err := sub.Receive(ctx); err != nil {
			return nil, err
		}
		publish := func() error {
			return h.client.Eval(ctx, publishScript, []string{channel + h.login.name}, published).Err()
		}
		return func() error {
			if err := publish(); err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			for range published {
				if _, err := sub.ReceiveMessage(ctx); err != nil {
					return err
				}
			}
			return nil
		}, nil
	}
	return nil, fmt.Errorf("no such workload: %s", w.name)
}

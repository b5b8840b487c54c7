package entragoredis_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/entraredis/entraredis/adapters/adaptertest"
	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/internal/newerfield"
	"github.com/redis/go-redis/v9"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	h := harness()
	if !newerfield.Set(&redis.Options{}, "ClientSideCacheConfig.DrainInterval", 0) {
		h.Lacks["cached reads are never stale"] = "this version of go-redis has no client-side cache"
	}
	adaptertest.Run(t, h)
}

func TestDocumentsWhatTheSuiteRuns(t *testing.T) {
	adaptertest.CheckMatrix(t, harness(), "../../docs/adapters.md")
}

func harness() adaptertest.Harness {
	return adaptertest.Harness{Library: "go-redis", Protocols: []int{2, 3}, Open: open, Dial: dial, Lacks: map[string]string{
		"streamed replies during rotations": "go-redis reads a reply whole before it gives it to the program",
	}}
}

func configured(cfg adaptertest.Config) (*redis.Options, error) {
	opt := &redis.Options{
		Addr: cfg.Addr, Protocol: cfg.Protocol, TLSConfig: cfg.TLS, Dialer: cfg.Dial,
		PoolSize: cfg.Conns, ConnMaxIdleTime: -1, ContextTimeoutEnabled: true,
	}
	newerfield.Set(opt, "DialerRetries", 1) // while there is no token, each try waits 5 seconds; versions without it try once
	if cfg.Timeout > 0 {
		opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout, opt.PoolTimeout = cfg.Timeout, cfg.Timeout, cfg.Timeout, cfg.Timeout
	}
	if cfg.Caching {
		var drain time.Duration // the default, milliseconds
		if cfg.Quiet {
			drain = 5 * time.Second
		}
		if !newerfield.Set(opt, "ClientSideCacheConfig.DrainInterval", drain) {
			return nil, errors.New("this version of go-redis has no client-side cache")
		}
	}
	err := entragoredis.Configure(opt, cfg.Source, &entragoredis.Options{Name: cfg.Name, AllowPlaintext: cfg.Dial != nil, SeparateLogin: cfg.SeparateLogin})
	return opt, err
}

func open(ctx context.Context, cfg adaptertest.Config) (adaptertest.Client, error) {
	opt, err := configured(cfg)
	if err != nil {
		return nil, err
	}
	made := redis.NewClient(opt)
	if cfg.Timeout > 0 { // in real time, under the race detector
		// The first RESP3 connection finds out whether the server announces its maintenance. Several that come from
		// Client.Conn at once would race for that: each has its own lock for the options that they share. A bubble
		// has no such call: one that its context ends leaves a dial behind, for whose end go-redis waits with timers
		// that all bubbles share.
		ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
		defer cancel()
		_ = made.Ping(ctx).Err() // if it fails, the scenario meets that too
	}
	return &client{conn{made}, cfg.Quiet}, nil
}

func dial(ctx context.Context, cfg adaptertest.Config) (net.Conn, error) {
	opt, err := configured(cfg)
	if err != nil {
		return nil, err
	}
	return opt.Dialer(ctx, "tcp", cfg.Addr)
}

type doer interface {
	redis.Cmdable
	Do(ctx context.Context, args ...any) *redis.Cmd
}

type conn struct{ doer }

func (c conn) Do(ctx context.Context, args ...string) (any, error) {
	return plain(c.doer.Do(ctx, arguments(args)...).Result())
}

func arguments(args []string) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		out[i] = arg
	}
	return out
}

func plain(reply any, err error) (any, error) {
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return flat(reply), err
}

// flat makes arrays of maps, as RESP2 does.
func flat(reply any) any {
	switch reply := reply.(type) {
	case map[any]any:
		var all []any
		for key, value := range reply {
			all = append(all, key, flat(value))
		}
		return all
	case []any:
		for i := range reply {
			reply[i] = flat(reply[i])
		}
	}
	return reply
}

type client struct {
	conn
	noPings bool
}

func (c *client) redis() *redis.Client { return c.doer.(*redis.Client) }

func (c *client) Pipeline(ctx context.Context, commands ...[]string) ([]any, error) {
	return run(ctx, c.redis().Pipeline(), commands)
}

func (c *client) Transaction(ctx context.Context, commands ...[]string) ([]any, error) {
	return run(ctx, c.redis().TxPipeline(), commands)
}

func run(ctx context.Context, pipe redis.Pipeliner, commands [][]string) ([]any, error) {
	for _, command := range commands {
		pipe.Do(ctx, arguments(command)...)
	}
	cmds, err := pipe.Exec(ctx)
	if redisErr := redis.Error(nil); err != nil && !errors.As(err, &redisErr) {
		return nil, err
	}
	replies := make([]any, len(cmds))
	for i, cmd := range cmds {
		reply, err := plain(cmd.(*redis.Cmd).Result())
		if replies[i] = reply; err != nil {
			replies[i] = err
		}
	}
	return replies, nil
}

func (c *client) Swap(ctx context.Context, key string, change func(string) string) (bool, error) {
	err := c.redis().Watch(ctx, func(tx *redis.Tx) error {
		old, err := tx.Get(ctx, key).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		value := change(old)
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error { return pipe.Set(ctx, key, value, 0).Err() })
		return err
	}, key)
	if errors.Is(err, redis.TxFailedErr) {
		return false, nil
	}
	return err == nil, err
}

func (c *client) Hold(ctx context.Context, fn func(adaptertest.Conn) error) error {
	held := c.redis().Conn()
	return errors.Join(fn(conn{held}), held.Close())
}

func (c *client) Close() error { return c.redis().Close() }

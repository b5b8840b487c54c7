//go:build newest

package misconfigurations

import (
	"context"
	"crypto/tls"
	"net"

	redigo "github.com/gomodule/redigo/redis"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entra"
)

const addr = "10.6.3.80:6380"

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// A client opens a client library with its defaults, and sends the first command.
type client struct {
	name  string
	first func(ctx context.Context, src *entra.Source, dial dialFunc) error
}

func clients() []client {
	return []client{
		{"go-redis", func(ctx context.Context, src *entra.Source, dial dialFunc) error {
			opt := &goredis.Options{Addr: addr, Dialer: dial}
			if err := entragoredis.Configure(opt, src, &entragoredis.Options{AllowPlaintext: true}); err != nil {
				return err
			}
			c := goredis.NewClient(opt)
			defer c.Close()
			return c.Set(ctx, "key", "value", 0).Err()
		}},
		{"rueidis", func(ctx context.Context, src *entra.Source, dial dialFunc) error {
			opt := rueidis.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true, DisableCache: true}
			opt.DialCtxFn = func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
				return dial(ctx, "tcp", addr)
			}
			if err := entrarueidis.Configure(&opt, src, &entrarueidis.Options{AllowPlaintext: true}); err != nil {
				return err
			}
			c, err := rueidis.NewClient(opt)
			if err != nil {
				return err
			}
			defer c.Close()
			return c.Do(ctx, c.B().Set().Key("key").Value("value").Build()).Error()
		}},
		{"redigo", func(ctx context.Context, src *entra.Source, dial dialFunc) error {
			pool := &redigo.Pool{}
			if err := entraredigo.Configure(pool, addr, src, &entraredigo.Options{Dial: dial, AllowPlaintext: true}); err != nil {
				return err
			}
			defer pool.Close()
			c, err := pool.GetContext(ctx)
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = redigo.DoContext(c, ctx, "SET", "key", "value")
			return err
		}},
	}
}

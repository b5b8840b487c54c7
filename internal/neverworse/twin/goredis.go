package twin

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/internal/newerfield"
	"github.com/redis/go-redis/v9"
)

type goRedis struct{ client *redis.Client }

func openGoRedis(at Site) (Client, error) {
	opt := &redis.Options{
		Addr: at.Addr, Dialer: at.Dial, DialTimeout: at.DialTimeout, PoolSize: at.Conns, MinIdleConns: at.InAdvance, ContextTimeoutEnabled: true,
		ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10, // the usual ones would be most of the memory of a test that dials all the time
	}
	newerfield.DisableMaintenance(opt)
	if at.Source == nil {
		opt.Username, opt.Password = at.Username, at.Password
	} else if err := entragoredis.Configure(opt, at.Source, &entragoredis.Options{AllowPlaintext: true}); err != nil {
		return nil, err
	}
	dial := opt.Dialer
	opt.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		defer at.Dialing()()
		return dial(ctx, network, addr)
	}
	return goRedis{redis.NewClient(opt)}, nil
}

func (c goRedis) Call(ctx context.Context, key string) error {
	err := c.client.Get(ctx, key).Err()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}

// Fill waits for what MinIdleConns began.
func (c goRedis) Fill(ctx context.Context, n int) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for int(c.client.PoolStats().TotalConns) < n {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (c goRedis) Close() { _ = c.client.Close() } // an error would be of connections that broke

// Silence keeps go-redis from printing each dial that fails, in the whole process. Call it before the first client is
// opened.
func Silence() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

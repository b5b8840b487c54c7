package twin

import (
	"context"
	"sync"
	"time"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/gomodule/redigo/redis"
)

type redigo struct{ pool *redis.Pool }

// redigoTimeout bounds redigo's reads and writes, as the defaults of the other two libraries do: without one redigo waits
// for ever for a server that is gone.
const redigoTimeout = 3 * time.Second

func openRedigo(at Site) (Client, error) {
	options := []redis.DialOption{redis.DialReadTimeout(redigoTimeout), redis.DialWriteTimeout(redigoTimeout)}
	pool := &redis.Pool{MaxIdle: at.Conns}
	if at.Source == nil {
		options = append(options, redis.DialContextFunc(at.Dial), redis.DialUsername(at.Username), redis.DialPassword(at.Password))
		pool.DialContext = func(ctx context.Context) (redis.Conn, error) {
			return redis.DialContext(ctx, "tcp", at.Addr, options...)
		}
	} else if err := entraredigo.Configure(pool, at.Addr, at.Source, &entraredigo.Options{
		Dial: at.Dial, AllowPlaintext: true, DialTimeout: at.DialTimeout, DialOptions: options,
	}); err != nil {
		return nil, err
	}
	dial := pool.DialContext
	pool.DialContext = func(ctx context.Context) (redis.Conn, error) {
		defer at.Dialing()()
		return dial(ctx)
	}
	return redigo{pool}, nil
}

func (c redigo) Call(ctx context.Context, key string) error {
	conn, err := c.pool.GetContext(ctx)
	if err != nil {
		return err
	}
	_, err = redis.DoContext(conn, ctx, "GET", key)
	_ = conn.Close() // what is wrong with a broken one, err says
	return err
}

// Fill takes connections from the pool, which dials them, and gives them back when all are there.
func (c redigo) Fill(ctx context.Context, n int) {
	var dialed, held sync.WaitGroup
	dialed.Add(n)
	for range n {
		held.Go(func() {
			conn, err := c.pool.GetContext(ctx)
			dialed.Done()
			dialed.Wait()
			if err == nil {
				_ = conn.Close() // gives it back
			}
		})
	}
	held.Wait()
}

func (c redigo) Close() { _ = c.pool.Close() } // an error would be of connections that broke

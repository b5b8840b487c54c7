package entraredigo_test

import (
	"context"
	"errors"
	"testing"

	"github.com/entraredis/entraredis/adapters/adaptertest"
	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/gomodule/redigo/redis"
)

func TestConformance(t *testing.T) { adaptertest.Run(t, harness()) }

func TestDocumentsWhatTheSuiteRuns(t *testing.T) {
	adaptertest.CheckMatrix(t, harness(), "../../docs/adapters.md")
}

func harness() adaptertest.Harness {
	const noCaching = "redigo has no client-side caching, and no RESP3 for it"
	return adaptertest.Harness{Library: "redigo", Protocols: []int{2}, Open: open, Lacks: map[string]string{
		"sharded Pub/Sub across 3 rotations":  "redigo's PubSubConn does not know smessage",
		"streamed replies during rotations":   "redigo reads a reply whole before it gives it to the program",
		"cached reads are never stale":        noCaching,
		"maintenance notifications":           "redigo does not ask for them",
		"prefix commands are never separated": "redigo does not hand out the connection that it gets",
	}}
}

func open(_ context.Context, cfg adaptertest.Config) (adaptertest.Client, error) {
	pool := &redis.Pool{MaxIdle: cfg.Conns}
	err := entraredigo.Configure(pool, cfg.Addr, cfg.Source, &entraredigo.Options{
		Name: cfg.Name, TLSConfig: cfg.TLS, Dial: cfg.Dial, AllowPlaintext: cfg.Dial != nil, SeparateLogin: cfg.SeparateLogin, DialTimeout: cfg.Timeout,
	})
	if err != nil {
		return nil, err
	}
	return client{pool}, nil
}

type conn struct{ redis.Conn }

func (c conn) Do(ctx context.Context, args ...string) (any, error) {
	reply, err := redis.DoContext(c.Conn, ctx, args[0], arguments(args[1:])...)
	return plain(reply), err
}

// Block needs no more than Do: redigo reads without a timeout unless it is given one. A call whose ctx ends costs the
// connection.
func (c conn) Block(ctx context.Context, args ...string) (any, error) { return c.Do(ctx, args...) }

func arguments(args []string) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		out[i] = arg
	}
	return out
}

func plain(reply any) any {
	switch reply := reply.(type) {
	case []byte:
		return string(reply)
	case []any:
		for i := range reply {
			reply[i] = plain(reply[i])
		}
	}
	return reply
}

type client struct{ pool *redis.Pool }

// with borrows a connection.
func (c client) with(ctx context.Context, fn func(redis.Conn) error) error {
	borrowed, err := c.pool.GetContext(ctx)
	if err != nil {
		return err
	}
	return errors.Join(fn(borrowed), borrowed.Close())
}

func (c client) Do(ctx context.Context, args ...string) (reply any, err error) {
	err = c.with(ctx, func(borrowed redis.Conn) (err error) {
		reply, err = conn{borrowed}.Do(ctx, args...)
		return err
	})
	return reply, err
}

func (c client) Block(ctx context.Context, args ...string) (any, error) { return c.Do(ctx, args...) }

func (c client) Hold(ctx context.Context, fn func(adaptertest.Conn) error) error {
	return c.with(ctx, func(borrowed redis.Conn) error { return fn(conn{borrowed}) })
}

func (c client) Pipeline(ctx context.Context, commands ...[]string) (replies []any, err error) {
	err = c.with(ctx, func(borrowed redis.Conn) error {
		for _, command := range commands {
			if err := borrowed.Send(command[0], arguments(command[1:])...); err != nil {
				return err
			}
		}
		if err := borrowed.Flush(); err != nil {
			return err
		}
		for range commands {
			reply, err := redis.ReceiveContext(borrowed, ctx)
			if answer := redis.Error(""); errors.As(err, &answer) {
				reply = answer
			} else if err != nil {
				return err
			}
			replies = append(replies, plain(reply))
		}
		return nil
	})
	return replies, err
}

func (c client) Transaction(ctx context.Context, commands ...[]string) ([]any, error) {
	all := append([][]string{{"MULTI"}}, commands...)
	replies, err := c.Pipeline(ctx, append(all, []string{"EXEC"})...)
	if err != nil {
		return nil, err
	}
	switch reply := replies[len(replies)-1].(type) {
	case error:
		return nil, reply
	case []any:
		return reply, nil
	}
	return nil, nil
}

func (c client) Swap(ctx context.Context, key string, change func(string) string) (swapped bool, err error) {
	err = c.with(ctx, func(borrowed redis.Conn) error {
		if _, err := redis.DoContext(borrowed, ctx, "WATCH", key); err != nil {
			return err
		}
		old, err := redis.String(redis.DoContext(borrowed, ctx, "GET", key))
		if err != nil && !errors.Is(err, redis.ErrNil) {
			return err
		}
		_ = borrowed.Send("MULTI") // Send's error is sticky, EXEC gets it
		_ = borrowed.Send("SET", key, change(old))
		reply, err := redis.DoContext(borrowed, ctx, "EXEC")
		swapped = reply != nil && err == nil
		return err
	})
	return swapped, err
}

func (c client) Close() error { return c.pool.Close() }

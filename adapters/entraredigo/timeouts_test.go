package entraredigo_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/gomodule/redigo/redis"
)

// A server that is gone reads nothing. Without an end, a write to it waits as long as TCP tries.
func TestWritesHaveATimeoutUnlessTheUserTakesIt(t *testing.T) {
	for name, test := range map[string]struct {
		options []redis.DialOption
		ends    time.Duration // 0 if it does not
	}{
		"default":        {nil, 10 * time.Second},
		"the user's own": {[]redis.DialOption{redis.DialWriteTimeout(2 * time.Second)}, 2 * time.Second},
		"none":           {[]redis.DialOption{redis.DialWriteTimeout(0)}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			network := entratest.NewNetwork()
			listener, err := network.Listen(addr)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			conn := dialThrough(t, network, newSource(t), test.options)
			began, ended := time.Now(), make(chan error, 1)
			go func() {
				_, err := conn.Do("SET", "key", make([]byte, 1<<20)) // more than the buffers on the way hold
				ended <- err
			}()
			select {
			case err := <-ended:
				if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != test.ends {
					t.Errorf("%s: after %v: %v, want a timeout after %v", name, took, err, test.ends)
				}
			case <-time.After(time.Minute):
				if test.ends > 0 {
					t.Errorf("%s: no end, want one after %v", name, test.ends)
				}
			}
			_ = conn.Close()
		})
	}
}

// The reason why the adapter sets no DialReadTimeout: redigo applies it to calls that are to wait for hours.
func TestReadsHaveATimeoutOnlyIfTheUserGivesOne(t *testing.T) {
	const five = 5 * time.Second
	read := []redis.DialOption{redis.DialReadTimeout(five)}
	pop := []any{"queue", 0}
	within := func(ctx context.Context, conn redis.Conn) error {
		ctx, cancel := context.WithTimeout(ctx, five)
		defer cancel()
		_, err := redis.DoContext(conn, ctx, "BLPOP", pop...)
		return err
	}
	receive := func(conn redis.Conn, next func(redis.PubSubConn) any) error {
		sub := redis.PubSubConn{Conn: conn}
		if err := sub.Subscribe("news"); err != nil {
			return err
		}
		for {
			switch got := next(sub).(type) {
			case redis.Message:
				return nil
			case error:
				return got
			}
		}
	}
	for name, test := range map[string]struct {
		options []redis.DialOption
		call    func(context.Context, redis.Conn) error
		ends    time.Duration // 0 if it waits for what comes
	}{
		"BLPOP":            {nil, func(_ context.Context, c redis.Conn) error { _, err := c.Do("BLPOP", pop...); return err }, 0},
		"BLPOP, DoContext": {nil, within, five},
		"BLPOP, DoWithTimeout": {nil, func(_ context.Context, c redis.Conn) error {
			_, err := redis.DoWithTimeout(c, five, "BLPOP", pop...)
			return err
		}, five},
		"BLPOP, DialReadTimeout": {read, func(_ context.Context, c redis.Conn) error { _, err := c.Do("BLPOP", pop...); return err }, five},
		"BLPOP, with both": {read, func(_ context.Context, c redis.Conn) error {
			_, err := redis.DoWithTimeout(c, 0, "BLPOP", pop...)
			return err
		}, 0},
		"Receive":                  {nil, func(_ context.Context, c redis.Conn) error { return receive(c, redis.PubSubConn.Receive) }, 0},
		"Receive, DialReadTimeout": {read, func(_ context.Context, c redis.Conn) error { return receive(c, redis.PubSubConn.Receive) }, five},
		"Receive, with both": {read, func(_ context.Context, c redis.Conn) error {
			return receive(c, func(sub redis.PubSubConn) any { return sub.ReceiveWithTimeout(0) })
		}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			network := entratest.NewNetwork()
			listener, err := network.Listen(addr)
			if err != nil {
				t.Fatal(err)
			}
			gateway := entratest.NewGateway(listener, nil)
			defer gateway.Close()
			source := newSource(t)
			conn, other := dialThrough(t, network, source, test.options), dialThrough(t, network, source, nil)
			began, ended := time.Now(), make(chan error, 1)
			var took time.Duration
			go func() {
				err := test.call(t.Context(), conn)
				took = time.Since(began)
				ended <- err
			}()
			time.Sleep(3 * time.Hour) // more than two tokens
			for _, command := range [][]any{{"RPUSH", "queue", "x"}, {"PUBLISH", "news", "x"}} {
				if _, err := other.Do(command[0].(string), command[1:]...); err != nil {
					t.Error(err)
				}
			}
			err = <-ended
			switch {
			case test.ends == 0 && (err != nil || took != 3*time.Hour):
				t.Errorf("%s: after %v: %v, want what came after 3 hours", name, took, err)
			case test.ends > 0 && (took != test.ends || !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded)):
				t.Errorf("%s: after %v: %v, want a timeout after %v", name, took, err, test.ends)
			}
			_, _ = conn.Close(), other.Close()
		})
	}
}

// dialThrough connects to addr on network.
func dialThrough(t *testing.T, network *entratest.Network, source *entra.Source, options []redis.DialOption) redis.Conn {
	t.Helper()
	dial, err := entraredigo.DialContext(source, addr, &entraredigo.Options{Dial: network.DialContext, AllowPlaintext: true, DialOptions: options})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

package differential

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"testing"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/internal/confirmation"
)

// A client runs steps and tells what it got, in words.
type client interface {
	run(ctx context.Context, s step) []string
	close()
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// clients are the libraries in the configurations in which they use a connection differently, each with its share of
// the AUTHs that the server must have run at the end, in percent.
var clients = []struct {
	name  string
	share int
	open  func(t *testing.T, addr string, dial dialFunc) client
}{
	{"go-redis RESP3", 20, func(_ *testing.T, addr string, dial dialFunc) client { return newGoRedis(addr, dial, 3) }},
	{"go-redis RESP2", 20, func(_ *testing.T, addr string, dial dialFunc) client { return newGoRedis(addr, dial, 2) }},
	{"rueidis RESP3", 20, func(t *testing.T, addr string, dial dialFunc) client {
		return newRueidis(t, addr, dial, rueidis.ClientOption{})
	}},
	{"rueidis RESP2", 15, func(t *testing.T, addr string, dial dialFunc) client {
		return newRueidis(t, addr, dial, rueidis.ClientOption{AlwaysRESP2: true, DisableCache: true})
	}},
	{"rueidis without auto-pipelining", 15, func(t *testing.T, addr string, dial dialFunc) client {
		return newRueidis(t, addr, dial, rueidis.ClientOption{DisableAutoPipelining: true})
	}},
	{"redigo", 10, newRedigo},
}

type goRedis struct{ c *redis.Client }

func newGoRedis(addr string, dial dialFunc, protocol int) client {
	return goRedis{redis.NewClient(&redis.Options{
		Addr: addr, Protocol: protocol, Dialer: dial, PoolSize: 20, MaxRetries: -1, MinIdleConns: 5, ContextTimeoutEnabled: true,
		ReadTimeout: hung, WriteTimeout: hung, PoolTimeout: hung, // a starved machine is no difference
	})}
}

func (g goRedis) close() { g.c.Close() }

func (g goRedis) run(ctx context.Context, s step) (got []string) {
	take := func(cmds []redis.Cmder) {
		for _, c := range cmds {
			got = append(got, words(c.(*redis.Cmd).Result()))
		}
	}
	fill := func(p redis.Pipeliner) error {
		for _, c := range s.commands {
			p.Do(ctx, anys(c)...)
		}
		return nil
	}
	switch s.kind {
	case single:
		got = append(got, words(g.c.Do(ctx, anys(s.commands[0])...).Result()))
	case pipeline:
		cmds, _ := g.c.Pipelined(ctx, fill)
		take(cmds)
	case transaction:
		cmds, _ := g.c.TxPipelined(ctx, fill)
		take(cmds)
	case watched:
		err := g.c.Watch(ctx, func(tx *redis.Tx) error {
			got = append(got, words(tx.Do(ctx, anys(s.commands[0])...).Result()))
			cmds, _ := tx.TxPipelined(ctx, fill)
			take(cmds)
			return nil
		}, s.commands[0][len(s.commands[0])-1])
		got = append(got, words(nil, err))
	case subscribed:
		sub := g.c.Subscribe(ctx, s.commands[0][1])
		defer sub.Close()
		received := func() {
			m, err := sub.Receive(ctx)
			got = append(got, words(fmt.Sprint(m), err))
		}
		received() // the confirmation
		for _, c := range s.commands {
			got = append(got, words(g.c.Do(ctx, anys(c)...).Result()))
			received()
		}
		got = append(got, words(nil, sub.Unsubscribe(ctx)))
		received()
	}
	return got
}

type rueidisClient struct {
	c             rueidis.Client
	confirmations *confirmation.Watch
}

func newRueidis(t *testing.T, addr string, dial dialFunc, opt rueidis.ClientOption) client {
	c, err := openRueidis(addr, dial, opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func openRueidis(addr string, dial dialFunc, opt rueidis.ClientOption) (rueidisClient, error) {
	var confirmations confirmation.Watch
	opt.InitAddress = []string{addr}
	opt.ForceSingleClient = true
	opt.DisableRetry = true
	opt.ConnWriteTimeout, opt.Dialer.Timeout = hung, hung // a starved machine is no difference
	opt.DialCtxFn = func(ctx context.Context, dst string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
		c, err := dial(ctx, "tcp", dst)
		if err != nil {
			return nil, err
		}
		return confirmations.Conn(c), nil
	}
	c, err := rueidis.NewClient(opt)
	return rueidisClient{c, &confirmations}, err
}

func (r rueidisClient) close() { r.c.Close() }

func (r rueidisClient) run(ctx context.Context, s step) (got []string) {
	build := func(c []string) rueidis.Completed {
		b := r.c.B().Arbitrary(c[0]).Args(c[1:]...)
		if c[0] == "BLPOP" {
			return b.Blocking()
		}
		return b.Build()
	}
	var all rueidis.Commands
	for _, c := range s.commands {
		all = append(all, build(c))
	}
	take := func(results []rueidis.RedisResult) {
		for _, res := range results {
			got = append(got, words(res.ToAny()))
		}
	}
	inMulti := func() rueidis.Commands {
		cmds := rueidis.Commands{r.c.B().Multi().Build()}
		return append(append(cmds, all...), r.c.B().Exec().Build())
	}
	switch s.kind {
	case single:
		got = append(got, words(r.c.Do(ctx, all[0]).ToAny()))
	case pipeline:
		take(r.c.DoMulti(ctx, all...))
	case transaction:
		c, release := r.c.Dedicate()
		take(c.DoMulti(ctx, inMulti()...))
		release()
	case watched:
		c, release := r.c.Dedicate()
		first := s.commands[0]
		take(c.DoMulti(ctx, r.c.B().Watch().Key(first[len(first)-1]).Build(), build(first)))
		take(c.DoMulti(ctx, inMulti()...))
		release()
	case subscribed:
		got = r.subscribed(ctx, s)
	}
	return got
}

func (r rueidisClient) subscribed(ctx context.Context, s step) (got []string) {
	messages, confirmed, done := make(chan string, len(s.commands)), make(chan struct{}), make(chan error)
	channel := s.commands[0][1]
	defer r.confirmations.Expect("subscribe", channel, sync.OnceFunc(func() { close(confirmed) }))() // of another worker, too
	go func() {
		done <- r.c.Receive(ctx, r.c.B().Subscribe().Channel(channel).Build(), func(m rueidis.PubSubMessage) {
			messages <- m.Channel + ": " + m.Message
		})
	}()
	select {
	case <-confirmed:
	case err := <-done:
		return []string{words(nil, err)}
	}
	for _, c := range s.commands {
		got = append(got, words(r.c.Do(ctx, r.c.B().Arbitrary(c[0]).Args(c[1:]...).Build()).ToAny()))
		select {
		case m := <-messages:
			got = append(got, words(m, nil))
		case err := <-done:
			return append(got, words(nil, err))
		}
	}
	// What it answers depends on what other workers are subscribed to: they share a connection.
	got = append(got, words(nil, r.c.Do(ctx, r.c.B().Unsubscribe().Channel(channel).Build()).Error()))
	return append(got, words(nil, <-done))
}

type redigoClient struct{ pool *redigo.Pool }

func newRedigo(t *testing.T, addr string, dial dialFunc) client {
	pool := &redigo.Pool{MaxIdle: 20 + workers, DialContext: func(ctx context.Context) (redigo.Conn, error) {
		return redigo.DialContext(ctx, "tcp", addr, redigo.DialContextFunc(dial), redigo.DialReadTimeout(hung))
	}}
	conns := make([]redigo.Conn, 20) // some will stay idle
	for i := range conns {
		conns[i] = pool.Get()
		if _, err := conns[i].Do("PING"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range conns {
		c.Close()
	}
	return redigoClient{pool}
}

func (r redigoClient) close() { r.pool.Close() }

func (r redigoClient) run(_ context.Context, s step) (got []string) {
	c := r.pool.Get()
	defer c.Close()
	do := func(command ...string) { got = append(got, words(c.Do(command[0], anys(command[1:])...))) }
	send := func() {
		for _, cmd := range s.commands {
			_ = c.Send(cmd[0], anys(cmd[1:])...)
		}
	}
	switch s.kind {
	case single:
		do(s.commands[0]...)
	case pipeline:
		send()
		_ = c.Flush()
		for range s.commands {
			got = append(got, words(c.Receive()))
		}
	case transaction:
		_ = c.Send("MULTI")
		send()
		do("EXEC")
	case watched:
		do("WATCH", s.commands[0][len(s.commands[0])-1])
		do(s.commands[0]...)
		do("MULTI")
		for _, cmd := range s.commands {
			do(cmd...)
		}
		do("EXEC")
	case subscribed:
		got = r.subscribed(c, s)
	}
	return got
}

func (r redigoClient) subscribed(c redigo.Conn, s step) (got []string) {
	publisher := r.pool.Get()
	defer publisher.Close()
	sub := redigo.PubSubConn{Conn: c}
	received := func() {
		switch m := sub.Receive().(type) {
		case redigo.Message:
			got = append(got, words(m.Channel+": "+string(m.Data), nil))
		default:
			got = append(got, words(fmt.Sprint(m), nil))
		}
	}
	got = append(got, words(nil, sub.Subscribe(s.commands[0][1])))
	received()
	for _, command := range s.commands {
		got = append(got, words(publisher.Do(command[0], anys(command[1:])...)))
		received()
	}
	got = append(got, words(nil, sub.Ping("a subscriber's")))
	received()
	if len(s.commands)%2 == 0 { // else closing the connection does that
		got = append(got, words(nil, sub.Unsubscribe()))
		received()
	}
	return got
}

package entratest_test

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// A site is a gateway with all that belongs to it. The dial function reaches it above TLS, if it has that.
type site struct {
	sts     *entratest.STS
	gateway *entratest.Gateway
	dial    func(ctx context.Context) (net.Conn, error)
	redis   *entratest.RedisServer // nil in a bubble
	slack   time.Duration          // how late a timer may be in a bubble
	// eventually waits until ok, in a bubble only until every goroutine waits for something else.
	eventually func(t *testing.T, what string, ok func() bool)
}

// token returns a new token of the gateway's STS.
func (s *site) token(t *testing.T) string {
	t.Helper()
	tok, err := s.sts.Credential().GetToken(t.Context(), redisScope)
	if err != nil {
		t.Fatal(err)
	}
	return tok.Token
}

// knows reports whether the server knows a command. Miniredis knows all that the tests ask for.
func (s *site) knows(t *testing.T, command string) bool {
	t.Helper()
	return s.redis == nil || knows(t, s.redis, command)
}

// onMiniredis runs a test in a bubble, on the in-memory network, with TLS and without.
func onMiniredis(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	for _, name := range []string{"miniredis", "miniredis TLS"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := entratest.NewNetwork()
				l, err := n.Listen("10.0.0.4:6380") // an IP address, because go-redis looks names up
				if err != nil {
					t.Fatal(err)
				}
				s := &site{sts: entratest.NewSTS(nil), slack: time.Millisecond}
				opts := &entratest.GatewayOptions{STS: s.sts}
				s.dial = func(ctx context.Context) (net.Conn, error) { return n.DialContext(ctx, "tcp", s.gateway.Addr()) }
				if name == "miniredis TLS" {
					s.dial = s.overTLS(t, opts, s.dial)
				}
				s.gateway = entratest.NewGateway(l, opts)
				t.Cleanup(func() { closed(t, s.gateway) })
				s.eventually = func(t *testing.T, what string, ok func() bool) {
					t.Helper()
					synctest.Wait()
					if !ok() {
						t.Errorf("not so: %s", what)
					}
				}
				test(t, s)
			})
		})
	}
}

// overTLS makes the gateway speak TLS, and returns a dial function that does too.
func (s *site) overTLS(t *testing.T, opts *entratest.GatewayOptions, dial func(context.Context) (net.Conn, error)) func(context.Context) (net.Conn, error) {
	t.Helper()
	server, client, err := entratest.TLSConfigs("redis.test")
	if err != nil {
		t.Fatal(err)
	}
	opts.TLS = server
	client.ServerName = "redis.test"
	return func(ctx context.Context) (net.Conn, error) {
		inner, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		c := tls.Client(inner, client)
		if err := c.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, err
		}
		return c, nil
	}
}

// onRedis runs a test on a real redis-server, over sockets, in real time, with TLS and without.
func onRedis(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	for _, name := range []string{"redis", "redis TLS"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := startRedis(t)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			s := &site{sts: entratest.NewSTS(nil), redis: redis}
			opts := &entratest.GatewayOptions{STS: s.sts, Backend: redis}
			s.dial = func(ctx context.Context) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "tcp", s.gateway.Addr())
			}
			if name == "redis TLS" {
				s.dial = s.overTLS(t, opts, s.dial)
			}
			s.gateway = entratest.NewGateway(l, opts)
			t.Cleanup(func() { closed(t, s.gateway) })
			s.eventually = func(t *testing.T, what string, ok func() bool) {
				t.Helper()
				deadline := time.Now().Add(hangs)
				for !ok() {
					if time.Now().After(deadline) {
						t.Fatalf("still not so: %s", what)
					}
					<-time.After(time.Millisecond)
				}
			}
			test(t, s)
		})
	}
}

func onBoth(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	onMiniredis(t, test)
	onRedis(t, test)
}

func startRedis(t *testing.T) *entratest.RedisServer {
	t.Helper()
	needRedisServer(t)
	redis, err := entratest.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := redis.Close(); err != nil {
			t.Error(err)
		}
	})
	return redis
}

func closed(t *testing.T, g *entratest.Gateway) {
	t.Helper()
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if err := g.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

// cmd writes a command as clients do.
func cmd(args ...string) string {
	var b strings.Builder
	b.WriteString("*" + itoa(len(args)) + "\r\n")
	for _, a := range args {
		b.WriteString("$" + itoa(len(a)) + "\r\n" + a + "\r\n")
	}
	return b.String()
}

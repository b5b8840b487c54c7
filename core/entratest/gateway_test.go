package entratest_test

import (
	"bufio"
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
	slack   time.Duration // how late a timer may be in a bubble
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
			s := &site{sts: entratest.NewSTS(nil)}
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

// A raw is a connection that speaks RESP by hand.
type raw struct {
	net.Conn
	r *bufio.Reader
}

func dialRaw(t *testing.T, s *site) *raw {
	t.Helper()
	c, err := s.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(3 * time.Hour)); err != nil { // a test that hangs would say less
		t.Fatal(err)
	}
	return &raw{Conn: c, r: bufio.NewReader(c)}
}

// login dials and authenticates with a new token.
func login(t *testing.T, s *site) *raw {
	t.Helper()
	c := dialRaw(t, s)
	c.exchange(t, cmd("AUTH", entratest.ObjectID, s.token(t)), "+OK\r\n")
	return c
}

func (c *raw) send(t *testing.T, b string) {
	t.Helper()
	if _, err := c.Write([]byte(b)); err != nil {
		t.Fatal(err)
	}
}

// expect reads exactly these bytes.
func (c *raw) expect(t *testing.T, want string) {
	t.Helper()
	got := make([]byte, 0, len(want))
	for len(got) < len(want) {
		b, err := c.r.ReadByte()
		if err != nil {
			t.Fatalf("read %q, then %v; want %q", got, err, want)
		}
		got = append(got, b)
		if b != want[len(got)-1] {
			rest, _ := c.r.Peek(c.r.Buffered())
			t.Fatalf("read %q; want %q", append(got, rest...), want)
		}
	}
}

func (c *raw) exchange(t *testing.T, send, want string) {
	t.Helper()
	c.send(t, send)
	c.expect(t, want)
}

// expectLine reads one line that begins as given, and returns it.
func (c *raw) expectLine(t *testing.T, prefix string) string {
	t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, prefix) {
		t.Fatalf("read %q, %v; want %q", line, err, prefix)
	}
	return line
}

// expectEnd reads until the connection ends, and fails if anything but an error comes.
func (c *raw) expectEnd(t *testing.T) error {
	t.Helper()
	b, err := c.r.ReadByte()
	if err == nil {
		rest, _ := c.r.Peek(c.r.Buffered())
		t.Fatalf("read %q; want the end", append([]byte{b}, rest...))
	}
	return err
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

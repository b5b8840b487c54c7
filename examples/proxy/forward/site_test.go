package forward_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/proxy/forward"
)

const (
	cacheAddr   = "10.0.0.4:6380"
	clientAddr  = "127.0.0.1:6379"
	dialTimeout = 5 * time.Second
)

// A site is a cache that wants tokens, and a server in front of it.
type site struct {
	t       *testing.T
	network *entratest.Network
	sts     *entratest.STS
	gateway *entratest.Gateway
	server  *forward.Server
	connect func() net.Conn // as a client of the server
	cache   func() (net.Conn, error)
	closed  chan entra.CloseReason // of connections to the cache
}

// inBubble runs a test with tokens of 75 minutes, in virtual time. The bubble fails if a goroutine is left.
func inBubble(t *testing.T, test func(s *site)) {
	t.Helper()
	inBubbleWith(t, entratest.DefaultLifetime, test)
}

// inBubbleWith does so with tokens of another life.
func inBubbleWith(t *testing.T, life time.Duration, test func(s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := entratest.NewNetwork()
		l, err := network.Listen(clientAddr)
		if err != nil {
			t.Fatal(err)
		}
		s := &site{t: t, network: network, sts: entratest.NewSTS(&entratest.STSOptions{Lifetime: life}), connect: func() net.Conn {
			conn, err := network.DialContext(t.Context(), "tcp", clientAddr)
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}}
		s.run(l, test)
	})
}

// overTCP runs a test in real time, with sockets between clients and the server.
func overTCP(t *testing.T, test func(s *site)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, network: entratest.NewNetwork(), sts: entratest.NewSTS(nil), connect: func() net.Conn {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}}
	s.run(l, test)
}

func (s *site) run(clients net.Listener, test func(s *site)) {
	s.t.Helper()
	l, err := s.network.Listen(cacheAddr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.closed = make(chan entra.CloseReason, 10_000)
	s.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts})
	defer s.gateway.Close()
	src, err := entra.NewSource(s.sts.Credential(), &entra.Options{Observer: &entra.Observer{
		ConnClosed: func(_ context.Context, info entra.ConnClosedInfo) { s.closed <- info.Reason },
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer src.Close()
	dialer := entraconn.NewDialer(src, &entraconn.Options{AllowPlaintext: true})
	connect := func(ctx context.Context, wrap func(net.Conn) net.Conn) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		return dialer.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := s.network.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return wrap(conn), nil
		})(ctx, "tcp", cacheAddr)
	}
	s.cache = func() (net.Conn, error) {
		return connect(s.t.Context(), func(conn net.Conn) net.Conn { return conn })
	}
	s.server = forward.NewServer(connect, nil)
	served := make(chan error)
	go func() { served <- s.server.Serve(clients) }()
	defer func() {
		s.drain(0)
		if err := <-served; err != nil {
			s.t.Errorf("Serve returned %v", err)
		}
	}()
	test(s)
}

// drain drains for at most d, and returns how many connections were cut off, and after which time.
func (s *site) drain(d time.Duration) (cut int, after time.Duration) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return s.server.Drain(ctx), time.Since(began)
}

func (s *site) client() *client {
	s.t.Helper()
	conn := s.connect()
	s.t.Cleanup(func() { _ = conn.Close() })
	return &client{s.t, conn, bufio.NewReader(conn)}
}

// direct returns a client that is connected to the cache past the server.
func (s *site) direct() *client {
	s.t.Helper()
	conn, err := s.cache()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return &client{s.t, conn, bufio.NewReader(conn)}
}

// A client is one that sends words and reads bytes.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

// encode returns a command as client libraries send it.
func encode(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	return b.String()
}

// sends writes commands, whose words are separated by spaces.
func (c *client) sends(commands ...string) {
	c.t.Helper()
	for _, command := range commands {
		c.writes(encode(strings.Fields(command)...))
	}
}

func (c *client) writes(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// reads reads exactly this.
func (c *client) reads(want string) {
	c.t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.r, got)
	if string(got[:n]) != want {
		c.t.Fatalf("read %q, %v; want %q", got[:n], err, want)
	}
}

// do sends a command and reads the reply.
func (c *client) do(command, want string) {
	c.t.Helper()
	c.sends(command)
	c.reads(want)
}

// readsToEnd reads this, and then the end of the connection.
func (c *client) readsToEnd(want string) {
	c.t.Helper()
	got, err := io.ReadAll(c.r)
	if err != nil || string(got) != want {
		c.t.Fatalf("read %q, %v; want %q and the end", cut(got), err, cut([]byte(want)))
	}
}

// readsErrorToEnd reads one error that begins so and says that, and then the end.
func (c *client) readsErrorToEnd(prefix, part string) {
	c.t.Helper()
	c.readsErrorToEndAfter("", prefix, part)
}

// readsErrorToEndAfter does so after these replies.
func (c *client) readsErrorToEndAfter(replies, prefix, part string) {
	c.t.Helper()
	c.reads(replies)
	got, err := io.ReadAll(c.r)
	line := string(got)
	if err != nil || !strings.HasPrefix(line, "-"+prefix) || !strings.Contains(line, part) || strings.Index(line, "\r\n") != len(line)-2 {
		c.t.Fatalf("read %q, %v; want an error that begins with %q and says %q, and the end", cut(got), err, prefix, part)
	}
}

// cut shortens what a message shows.
func cut(p []byte) string {
	if len(p) > 300 {
		return fmt.Sprintf("%s… (%d bytes)", p[:300], len(p))
	}
	return string(p)
}

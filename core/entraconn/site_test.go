package entraconn_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/tidwall/redcon"
)

const addr = "127.0.0.4:6380"

// A site is a fake Entra, a Source, a gateway over miniredis and the network between, all in one
// bubble.
type site struct {
	t       *testing.T
	network *entratest.Network
	sts     *entratest.STS
	gateway *entratest.Gateway
	events  *events
	src     *entra.Source
}

// inBubble runs a test with tokens of 75 minutes, in virtual time. The bubble fails if a goroutine
// is left.
func inBubble(t *testing.T, test func(s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{t: t, network: entratest.NewNetwork(), sts: entratest.NewSTS(nil), events: &events{}}
		l, err := s.network.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		s.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts, StaticUsers: map[string]string{"service": "password"}})
		defer s.gateway.Close()
		s.src, err = entra.NewSource(s.sts.Credential(), &entra.Options{Observer: s.events.observer()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.src.Close()
		test(s)
	})
}

func (s *site) dialer(opts *entraconn.Options) func() *client {
	dial := entraconn.NewDialer(s.src, opts).DialFunc(s.network.DialContext)
	return func() *client { return s.client(dial) }
}

// A dialFunc is the dial hook of a client library.
type dialFunc = func(context.Context, string, string) (net.Conn, error)

func (s *site) client(dial dialFunc) *client {
	s.t.Helper()
	c, err := dial(s.t.Context(), "tcp", addr)
	if err != nil {
		s.t.Fatal(err)
	}
	return &client{s.t, c, bufio.NewReader(c)}
}

// nextToken waits until the Source has a newer token.
func (s *site) nextToken() entra.Token {
	s.t.Helper()
	_, newer := s.src.Latest()
	<-newer
	tok, _ := s.src.Latest()
	return tok
}

// afterRotation waits until every connection that can be renewed has the newest token.
func (s *site) afterRotation() {
	s.t.Helper()
	old, newer := s.src.Latest()
	<-newer
	time.Sleep(time.Until(old.RenewBy()))
	synctest.Wait()
}

// rest lets time of the bubble pass.
func (s *site) rest(d time.Duration) { time.Sleep(d) }

// try dials, sends two commands in a pipeline and returns the first line of the answer, or the
// error.
func (s *site) try(dial dialFunc) (string, error) {
	c := s.client(dial)
	defer c.Close()
	if _, err := c.Write(append(encode("PING"), encode("PING")...)); err != nil {
		return "", err
	}
	return c.line()
}

// gone fails the test unless every call on the connection returns an error, and everything that
// began has ended.
func (s *site) gone(c *client) {
	s.t.Helper()
	synctest.Wait() // the server closes one direction after the other
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		s.t.Errorf("read %d, %v from a connection that has ended", n, err)
	}
	if err := c.send("PING"); err == nil {
		s.t.Error("could be written to")
	}
	c.Close()
	if err := c.send("PING"); !errors.Is(err, net.ErrClosed) {
		s.t.Errorf("write after Close: %v", err)
	}
	synctest.Wait()
	s.events.paired(s.t)
}

// secure runs a gateway with TLS beside that of the site, and returns how to dial it.
func (s *site) secure(below func(net.Conn) net.Conn) (dial func(context.Context, string, string) (net.Conn, error), end func()) {
	l, err := s.network.Listen("127.0.0.5:6380")
	if err != nil {
		s.t.Fatal(err)
	}
	server, config, err := entratest.TLSConfigs("127.0.0.5")
	if err != nil {
		s.t.Fatal(err)
	}
	config.ServerName = "127.0.0.5"
	gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts, TLS: server})
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := s.network.DialContext(ctx, network, gateway.Addr())
		if err != nil {
			return nil, err
		}
		secured := tls.Client(below(conn), config)
		return secured, secured.HandshakeContext(ctx)
	}, func() { gateway.Close() }
}

// handled returns how to dial a server that handles one connection, and how to end it.
func (s *site) handled(handle func(net.Conn, *redcon.Reader)) (dial dialFunc, end func()) {
	const addr = "127.0.0.6:6380"
	l, err := s.network.Listen(addr)
	if err != nil {
		s.t.Fatal(err)
	}
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		handle(conn, redcon.NewReader(conn))
	}()
	ours := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return ours(ctx, network, addr)
	}, func() { l.Close() }
}

// listen starts another gateway beside that of the site.
func (s *site) listen(addr string) *entratest.Gateway {
	s.t.Helper()
	l, err := s.network.Listen(addr)
	if err != nil {
		s.t.Fatal(err)
	}
	gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts})
	s.t.Cleanup(func() { gateway.Close() })
	return gateway
}

// logsIn dials, sends a command and closes, and reports whether the server accepted the login.
func (s *site) logsIn(dial dialFunc, addr string) bool {
	s.t.Helper()
	conn, err := dial(s.t.Context(), "tcp", addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	buf := make([]byte, 100)
	if _, err = conn.Write(encode("PING")); err == nil {
		_, err = conn.Read(buf)
	}
	if refused := (*entra.AuthError)(nil); err != nil && !errors.As(err, &refused) {
		s.t.Fatal(err)
	}
	return err == nil
}

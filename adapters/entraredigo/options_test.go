package entraredigo_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/gomodule/redigo/redis"
)

// A dial function among the options cannot be seen before it is called.
func TestRefusesOptionsThatReplaceItsConnection(t *testing.T) {
	closed := false
	dial, err := entraredigo.DialContext(newSource(t), addr, &entraredigo.Options{DialOptions: []redis.DialOption{
		redis.DialNetDial(func(string, string) (net.Conn, error) { return &recorder{closed: &closed}, nil }),
	}})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dial(t.Context())
	config := (*entra.ConfigError)(nil)
	if !errors.As(err, &config) || config.Field != "entraredigo.Options.DialOptions" || conn != nil {
		t.Errorf("%v, %v, want a *ConfigError for entraredigo.Options.DialOptions", conn, err)
	}
	if !closed {
		t.Error("the connection was not closed")
	}
}

func TestSpeaksTLSByDefault(t *testing.T) {
	server, client, err := entratest.TLSConfigs()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan byte, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // for a client that does not shake hands
		b := make([]byte, 1)
		_, _ = conn.Read(b) // shakes hands
		first <- b[0]
		_ = conn.Close()
	}()
	t.Cleanup(func() { _ = listener.Close() })
	dial, err := entraredigo.DialContext(newSource(t), listener.Addr().String(), &entraredigo.Options{TLSConfig: client})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = redis.DoContext(conn, ctx, "PING") // the server hangs up
	_ = conn.Close()
	if b := <-first; b != '*' {
		t.Errorf("the first byte within TLS is %q, want a command", b)
	}
}

func TestDialsThroughTheUsersDialFunction(t *testing.T) {
	network := entratest.NewNetwork()
	listener, err := network.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	source := newSource(t)
	dial, err := entraredigo.DialContext(source, addr, &entraredigo.Options{Dial: network.DialContext})
	if err != nil {
		t.Fatal(err)
	}
	config := (*entra.ConfigError)(nil)
	if _, err := dial(t.Context()); !errors.As(err, &config) || config.Field != "entraredigo.Options.Dial" {
		t.Errorf("without TLS: %v, want a *ConfigError for entraredigo.Options.Dial", err)
	}
	twice := func(ctx context.Context, nw, addr string) (net.Conn, error) {
		return entraconn.NewDialer(source, &entraconn.Options{AllowPlaintext: true}).DialFunc(network.DialContext)(ctx, nw, addr)
	}
	dial, err = entraredigo.DialContext(source, addr, &entraredigo.Options{Dial: twice, AllowPlaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t.Context()); !errors.As(err, &config) || config.Field != "entraredigo.Options.Dial" {
		t.Errorf("logged in twice: %v, want a *ConfigError for entraredigo.Options.Dial", err)
	}
}

func TestReadsItsOptionsOnce(t *testing.T) {
	options := []redis.DialOption{redis.DialDatabase(0)}
	failure := errors.New("no route")
	dial, err := entraredigo.DialContext(newSource(t), addr, &entraredigo.Options{
		DialOptions: options,
		Dial:        func(context.Context, string, string) (net.Conn, error) { return nil, failure },
	})
	if err != nil {
		t.Fatal(err)
	}
	options[0] = redis.DialNetDial(func(string, string) (net.Conn, error) { return &recorder{closed: new(bool)}, nil })
	if _, err := dial(t.Context()); !errors.Is(err, failure) {
		t.Errorf("%v, want the error of Options.Dial", err)
	}
}

func TestDialTimeoutBoundsTheHandshake(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the backlog, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, opts := range map[string]*entraredigo.Options{
		"the adapter's dial": {TLSConfig: &tls.Config{}},
		"the user's dial function": {Dial: func(_ context.Context, network, addr string) (net.Conn, error) {
			conn, err := net.Dial(network, addr)
			return tls.Client(conn, &tls.Config{ServerName: "cache.test"}), err // which has not shaken hands yet
		}},
	} {
		opts.DialTimeout = time.Millisecond
		dial, err := entraredigo.DialContext(newSource(t), silent.Addr().String(), opts)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // less than the default
		if _, err := dial(ctx); err == nil || ctx.Err() != nil {
			t.Errorf("%s: %v, want the end of DialTimeout; context: %v", name, err, ctx.Err())
		}
		cancel()
	}
}

type recorder struct {
	net.Conn
	closed *bool
}

func (r *recorder) Close() error { *r.closed = true; return nil }

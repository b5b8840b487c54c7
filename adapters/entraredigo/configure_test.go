package entraredigo_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"testing/synctest"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/gomodule/redigo/redis"
)

const addr = "cache.test:6380"

func TestRefusesWhatCannotWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a refusal leaves a goroutine behind
		src := newSource(t)
		with := func(options ...redis.DialOption) *entraredigo.Options {
			return &entraredigo.Options{DialOptions: options}
		}
		never := func(string, string) (net.Conn, error) {
			t.Error("something was dialed")
			return nil, errors.New("never")
		}
		const dialOptions = "entraredigo.Options.DialOptions"
		for _, test := range []struct {
			name  string
			pool  *redis.Pool
			addr  string
			src   *entra.Source
			opts  *entraredigo.Options
			field string
		}{
			{"good", &redis.Pool{}, addr, src, nil, ""},
			{"good, with options", &redis.Pool{}, addr, src, with(redis.DialDatabase(1), redis.DialClientName("AUTH"), redis.DialReadTimeout(1)), ""},
			{"no pool", nil, addr, src, nil, "redis.Pool"},
			{"no Source", &redis.Pool{}, addr, nil, nil, "src"},
			{"no address", &redis.Pool{}, "", src, nil, "addr"},
			{"no port", &redis.Pool{}, "cache.test", src, nil, "addr"},
			{"Dial", &redis.Pool{Dial: func() (redis.Conn, error) { return nil, nil }}, addr, src, nil, "redis.Pool.DialContext"},
			{"DialContext", &redis.Pool{DialContext: func(context.Context) (redis.Conn, error) { return nil, nil }}, addr, src, nil, "redis.Pool.DialContext"},
			{"password", &redis.Pool{}, addr, src, with(redis.DialPassword("p")), dialOptions},
			{"user", &redis.Pool{}, addr, src, with(redis.DialUsername("u"), redis.DialPassword("p")), dialOptions},
			{"password behind others", &redis.Pool{}, addr, src, with(redis.DialDatabase(1), redis.DialPassword("p"), redis.DialNetDial(never)), dialOptions},
			{"TLS", &redis.Pool{}, addr, src, with(redis.DialUseTLS(true), redis.DialPassword("p")), dialOptions},
			{"TLS without time limit", &redis.Pool{}, addr, src, with(redis.DialUseTLS(true), redis.DialTLSHandshakeTimeout(0)), dialOptions},
		} {
			err := entraredigo.Configure(test.pool, test.addr, test.src, test.opts)
			config := (*entra.ConfigError)(nil)
			if test.field == "" && err != nil || test.field != "" && (!errors.As(err, &config) || config.Field != test.field) {
				t.Errorf("%s: %v, want a *ConfigError for %q", test.name, err, test.field)
			}
		}
	})
}

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
	conn, err := dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Do("PING") // the server hangs up
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
		return entraconn.NewDialer(source, nil).DialFunc(network.DialContext)(ctx, nw, addr)
	}
	dial, err = entraredigo.DialContext(source, addr, &entraredigo.Options{Dial: twice, AllowPlaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t.Context()); !errors.As(err, &config) || config.Field != "entraredigo.Options.Dial" {
		t.Errorf("logged in twice: %v, want a *ConfigError for entraredigo.Options.Dial", err)
	}
}

func newSource(t *testing.T) *entra.Source {
	source, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	return source
}

type recorder struct {
	net.Conn
	closed *bool
}

func (r *recorder) Close() error { *r.closed = true; return nil }

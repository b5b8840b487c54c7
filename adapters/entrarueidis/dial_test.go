package entrarueidis_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"reflect"
	"testing"
	"time"

	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/rueidis"
)

// rueidis ignores DialFn when DialCtxFn is set, so an adapter that sets DialCtxFn must call it.
func TestDialsThroughTheUsersDialFunctions(t *testing.T) {
	network := entratest.NewNetwork()
	listener, err := network.Listen("seed.test:10001")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var dialed, through string
	dial := func(addr string) (net.Conn, error) {
		dialed = addr
		return network.DialContext(t.Context(), "tcp", addr)
	}
	for name, opt := range map[string]rueidis.ClientOption{
		"DialFn": {DialFn: func(addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			through = "DialFn"
			return dial(addr)
		}},
		"DialCtxFn": {DialCtxFn: func(_ context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			through = "DialCtxFn"
			return dial(addr)
		}},
	} {
		opt.InitAddress = []string{"seed.test:10000"}
		err := entrarueidis.Configure(&opt, newSource(t), &entrarueidis.Options{
			AllowPlaintext: true, NodeAddress: entraconn.SeedHost("seed.test:10000"),
		})
		if err != nil {
			t.Fatal(err)
		}
		conn, err := opt.DialCtxFn(t.Context(), "10.1.2.3:10001", &net.Dialer{}, nil) // as a cluster announces it
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if _, ok := conn.(*entraconn.Conn); !ok || dialed != "seed.test:10001" || through != name {
			t.Errorf("%s: a %T came from %s through %s, want an *entraconn.Conn from seed.test:10001", name, conn, dialed, through)
		}
	}
}

func TestChecksWhatTheUsersDialFunctionReturns(t *testing.T) {
	network := entratest.NewNetwork()
	listener, err := network.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	for field, opt := range map[string]rueidis.ClientOption{
		"DialCtxFn": {DialCtxFn: func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return network.DialContext(ctx, "tcp", addr)
		}},
		"DialFn": {DialFn: func(addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return network.DialContext(t.Context(), "tcp", addr)
		}},
	} {
		opt.InitAddress, opt.ForceSingleClient = []string{addr}, true
		if err := entrarueidis.Configure(&opt, newSource(t), nil); err != nil {
			t.Fatal(err)
		}
		client, err := rueidis.NewClient(opt)
		config := (*entra.ConfigError)(nil)
		if !errors.As(err, &config) || config.Field != "rueidis.ClientOption."+field {
			t.Errorf("%v, want a *ConfigError for rueidis.ClientOption.%s", err, field)
		}
		if isUsable(client) {
			client.Close()
		}
	}
}

// isUsable reports whether NewClient returned a client. With an error, newer versions return one that dials again, and the
// oldest supported one returns a nil pointer.
func isUsable(client rueidis.Client) bool {
	return client != nil && !reflect.ValueOf(client).IsNil()
}

func TestHandsThePreparedTLSConfigurationOver(t *testing.T) {
	var got *tls.Config
	failure := errors.New("no route")
	opt := rueidis.ClientOption{
		InitAddress: []string{"cache.test:10000"}, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS10},
		DialCtxFn: func(_ context.Context, _ string, _ *net.Dialer, cfg *tls.Config) (net.Conn, error) {
			got = cfg
			return nil, failure
		},
	}
	if err := entrarueidis.Configure(&opt, newSource(t), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := opt.DialCtxFn(t.Context(), "10.1.2.3:10001", &net.Dialer{}, opt.TLSConfig); !errors.Is(err, failure) {
		t.Fatal(err)
	}
	if got.MinVersion != tls.VersionTLS12 || got.ServerName != "cache.test" {
		t.Errorf("MinVersion is %s and ServerName %q, want TLS 1.2 and the seed's name", tls.VersionName(got.MinVersion), got.ServerName)
	}
	if opt.TLSConfig.MinVersion != tls.VersionTLS10 || opt.TLSConfig.ServerName != "" {
		t.Error("the user's TLS configuration was changed")
	}
	if _, err := opt.DialCtxFn(t.Context(), "10.1.2.3:10001", &net.Dialer{}, nil); !errors.Is(err, failure) || got != nil {
		t.Errorf("%v, %v, want no TLS configuration where rueidis has none", got, err)
	}
}

func TestVerifiesClusterNodesAgainstTheSeed(t *testing.T) {
	server, client, err := entratest.TLSConfigs("cache.test")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server) // which the certificate does not name
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // for a client that does not shake hands
		_ = conn.(*tls.Conn).HandshakeContext(t.Context())     // the client judges
		_ = conn.Close()
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	opt := rueidis.ClientOption{InitAddress: []string{"cache.test:10000"}, TLSConfig: client}
	if err := entrarueidis.Configure(&opt, newSource(t), nil); err != nil {
		t.Fatal(err)
	}
	conn, err := opt.DialCtxFn(t.Context(), listener.Addr().String(), &net.Dialer{Timeout: 10 * time.Second}, client)
	if err != nil {
		t.Fatalf("a node of the cluster: %v", err)
	}
	_ = conn.Close()
}

func TestDialerTimeoutBoundsTheHandshake(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the backlog, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, opt := range map[string]rueidis.ClientOption{
		"the adapter's dial": {},
		"the user's dial function": {DialCtxFn: func(_ context.Context, addr string, _ *net.Dialer, cfg *tls.Config) (net.Conn, error) {
			conn, err := net.Dial("tcp", addr)
			cfg.ServerName = "cache.test"
			return tls.Client(conn, cfg), err // which has not shaken hands yet
		}},
	} {
		opt.InitAddress, opt.TLSConfig = []string{silent.Addr().String()}, &tls.Config{}
		if err := entrarueidis.Configure(&opt, newSource(t), nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // less than the default
		if _, err := opt.DialCtxFn(ctx, opt.InitAddress[0], &net.Dialer{Timeout: time.Millisecond}, opt.TLSConfig); err == nil || ctx.Err() != nil {
			t.Errorf("%s: %v, want the end of Dialer.Timeout; context: %v", name, err, ctx.Err())
		}
		cancel()
	}
}

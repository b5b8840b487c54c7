package entragoredis_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/go-redis/v9"
)

// A Dialer that hides the adapter's is found out by what it returns.
func TestRefusesToLogInTwice(t *testing.T) {
	source := newSource(t)
	network := entratest.NewNetwork()
	listen(t, network, "localhost:6379")
	opt := &redis.Options{Addr: "localhost:6379", Dialer: network.DialContext}
	if err := entragoredis.Configure(opt, source, nil); err != nil {
		t.Fatal(err)
	}
	inner := opt.Dialer
	opt.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) { return inner(ctx, network, addr) }
	if err := entragoredis.Configure(opt, source, nil); err != nil {
		t.Fatal(err)
	}
	config := (*entra.ConfigError)(nil)
	if _, err := opt.Dialer(t.Context(), "tcp", opt.Addr); !errors.As(err, &config) || config.Field != "redis.Options.Dialer" {
		t.Errorf("%v, want a *ConfigError for redis.Options.Dialer", err)
	}
}

func TestDialsThroughTheUsersDialer(t *testing.T) {
	network := entratest.NewNetwork()
	listen(t, network, "seed.test:10001")
	var dialed string
	opt := &redis.ClusterOptions{Addrs: []string{"seed.test:10000"}, Dialer: func(ctx context.Context, nw, addr string) (net.Conn, error) {
		dialed = addr
		return network.DialContext(ctx, nw, addr)
	}}
	err := entragoredis.ConfigureCluster(opt, newSource(t), &entragoredis.Options{
		AllowPlaintext: true, NodeAddress: entraconn.SeedHost("seed.test:10000"),
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := opt.Dialer(t.Context(), "tcp", "10.1.2.3:10001") // as a cluster announces it
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, ok := conn.(*entraconn.Conn); !ok || dialed != "seed.test:10001" {
		t.Errorf("a %T came from %s, want an *entraconn.Conn from seed.test:10001", conn, dialed)
	}
}

func TestVerifiesClusterNodesAgainstTheSeed(t *testing.T) {
	server, client, err := entratest.TLSConfigs("cache.test")
	if err != nil {
		t.Fatal(err)
	}
	node := serve(t, server) // 127.0.0.1, which the certificate does not name
	cluster := &redis.ClusterOptions{Addrs: []string{"cache.test:10000"}, TLSConfig: client}
	if err := entragoredis.ConfigureCluster(cluster, newSource(t), nil); err != nil {
		t.Fatal(err)
	}
	conn, err := cluster.Dialer(t.Context(), "tcp", node)
	if err != nil {
		t.Fatalf("a node of the cluster: %v", err)
	}
	_ = conn.Close()
	ring := &redis.RingOptions{Addrs: map[string]string{"a": "cache.test:10000"}, TLSConfig: client}
	if err := entragoredis.ConfigureRing(ring, newSource(t), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Dialer(t.Context(), "tcp", node); err == nil {
		t.Error("a Ring took another shard's name for an address")
	}
}

// go-redis bounds its own dials by its context, so this calls the Dialer without.
func TestDialTimeoutBoundsTheHandshake(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the backlog, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, dialer := range map[string]func(context.Context, string, string) (net.Conn, error){
		"the adapter's dial": nil,
		"the user's Dialer": func(_ context.Context, network, addr string) (net.Conn, error) {
			conn, err := net.Dial(network, addr)
			return tls.Client(conn, &tls.Config{ServerName: "cache.test"}), err // which has not shaken hands yet
		},
	} {
		opt := &redis.Options{Addr: silent.Addr().String(), TLSConfig: &tls.Config{}, DialTimeout: time.Millisecond, Dialer: dialer}
		if err := entragoredis.Configure(opt, newSource(t), nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // less than the default
		if _, err := opt.Dialer(ctx, "tcp", opt.Addr); err == nil || ctx.Err() != nil {
			t.Errorf("%s: %v, want the end of DialTimeout; context: %v", name, err, ctx.Err())
		}
		cancel()
	}
}

func listen(t *testing.T, network *entratest.Network, addr string) {
	listener, err := network.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
}

func serve(t *testing.T, cfg *tls.Config) string {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // for clients that wait where they should not
			_ = conn.(*tls.Conn).HandshakeContext(t.Context())     // the client judges
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String()
}

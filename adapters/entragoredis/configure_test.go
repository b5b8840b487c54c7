package entragoredis_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/auth"
)

const addr = "cache.test:6380"

func TestRefusesWhatCannotWork(t *testing.T) {
	src := newSource(t)
	secure := &tls.Config{}
	type test struct {
		name  string
		err   error
		field string
	}
	single := func(change func(*redis.Options)) error {
		opt := &redis.Options{Addr: addr, TLSConfig: secure}
		change(opt)
		err := entragoredis.Configure(opt, src, nil)
		if err != nil && opt.Dialer != nil {
			t.Error("the Dialer was set in spite of an error")
		}
		return err
	}
	cluster := func(change func(*redis.ClusterOptions)) error {
		opt := &redis.ClusterOptions{Addrs: []string{addr}, TLSConfig: secure}
		change(opt)
		return entragoredis.ConfigureCluster(opt, src, nil)
	}
	ring := func(change func(*redis.RingOptions)) error {
		opt := &redis.RingOptions{Addrs: map[string]string{"a": addr}, TLSConfig: secure}
		change(opt)
		return entragoredis.ConfigureRing(opt, src, nil)
	}
	universal := func(change func(*redis.UniversalOptions)) error {
		opt := &redis.UniversalOptions{Addrs: []string{addr}, TLSConfig: secure}
		change(opt)
		return entragoredis.ConfigureUniversal(opt, src, nil)
	}
	provider := func() (string, string) { return "", "" }
	providerCtx := func(context.Context) (string, string, error) { return "", "", nil }
	for _, test := range []test{
		{"nil", entragoredis.Configure(nil, src, nil), "redis.Options"},
		{"nil", entragoredis.ConfigureCluster(nil, src, nil), "redis.ClusterOptions"},
		{"nil", entragoredis.ConfigureRing(nil, src, nil), "redis.RingOptions"},
		{"nil", entragoredis.ConfigureUniversal(nil, src, nil), "redis.UniversalOptions"},
		{"nil Source", entragoredis.Configure(&redis.Options{Addr: addr, TLSConfig: secure}, nil, nil), "src"},
		{"good", single(func(*redis.Options) {}), ""},
		{"good", cluster(func(*redis.ClusterOptions) {}), ""},
		{"good", ring(func(*redis.RingOptions) {}), ""},
		{"good", universal(func(*redis.UniversalOptions) {}), ""},
		{"no address", single(func(o *redis.Options) { o.Addr = "" }), "redis.Options.Addr"},
		{"no port", single(func(o *redis.Options) { o.Addr = "cache.test" }), "redis.Options.Addr"},
		{"no address", cluster(func(o *redis.ClusterOptions) { o.Addrs = nil }), "redis.ClusterOptions.Addrs"},
		{"no address", ring(func(o *redis.RingOptions) { o.Addrs = nil }), "redis.RingOptions.Addrs"},
		{"no address", universal(func(o *redis.UniversalOptions) { o.Addrs = nil }), "redis.UniversalOptions.Addrs"},
		{"empty address", cluster(func(o *redis.ClusterOptions) { o.Addrs = []string{addr, ""} }), "redis.ClusterOptions.Addrs"},
		{"no TLS", single(func(o *redis.Options) { o.TLSConfig = nil }), "redis.Options.TLSConfig"},
		{"no TLS", cluster(func(o *redis.ClusterOptions) { o.TLSConfig = nil }), "redis.ClusterOptions.TLSConfig"},
		{"no TLS", ring(func(o *redis.RingOptions) { o.TLSConfig = nil }), "redis.RingOptions.TLSConfig"},
		{"no TLS", universal(func(o *redis.UniversalOptions) { o.TLSConfig = nil }), "redis.UniversalOptions.TLSConfig"},
		{"no TLS on this machine", single(func(o *redis.Options) { o.TLSConfig, o.Addr = nil, "localhost:6379" }), ""},
		{"unix socket", single(func(o *redis.Options) { o.TLSConfig, o.Addr = nil, "/run/redis.sock" }), ""},
		{"password", single(func(o *redis.Options) { o.Password = "p" }), "redis.Options.Password"},
		{"password", cluster(func(o *redis.ClusterOptions) { o.Password = "p" }), "redis.ClusterOptions.Password"},
		{"password", ring(func(o *redis.RingOptions) { o.Password = "p" }), "redis.RingOptions.Password"},
		{"password", universal(func(o *redis.UniversalOptions) { o.Password = "p" }), "redis.UniversalOptions.Password"},
		{"user name", single(func(o *redis.Options) { o.Username = "u" }), "redis.Options.Username"},
		{"provider", single(func(o *redis.Options) { o.CredentialsProvider = provider }), "redis.Options.CredentialsProvider"},
		{"provider", cluster(func(o *redis.ClusterOptions) { o.CredentialsProvider = provider }), "redis.ClusterOptions.CredentialsProvider"},
		{"provider with context", ring(func(o *redis.RingOptions) { o.CredentialsProviderContext = providerCtx }), "redis.RingOptions.CredentialsProviderContext"},
		{"streaming provider", universal(func(o *redis.UniversalOptions) { o.StreamingCredentialsProvider = streaming{} }), "redis.UniversalOptions.StreamingCredentialsProvider"},
		{"Sentinel", universal(func(o *redis.UniversalOptions) { o.MasterName = "m" }), "redis.UniversalOptions.MasterName"},
		{"Sentinel", universal(func(o *redis.UniversalOptions) { o.SentinelPassword = "p" }), "redis.UniversalOptions.MasterName"},
		{"NodeAddress for a Ring", entragoredis.ConfigureRing(&redis.RingOptions{Addrs: map[string]string{"a": addr}, TLSConfig: secure}, src,
			&entragoredis.Options{NodeAddress: entraconn.SeedHost(addr)}), "entragoredis.Options.NodeAddress"},
	} {
		config := (*entra.ConfigError)(nil)
		if test.field == "" && test.err != nil || test.field != "" && (!errors.As(test.err, &config) || config.Field != test.field) {
			t.Errorf("%s: %v, want a *ConfigError for %q", test.name, test.err, test.field)
		}
	}
}

func TestRefusesToBeConfiguredTwice(t *testing.T) {
	source := newSource(t)
	network := entratest.NewNetwork()
	listen(t, network, "localhost:6379")
	opt := &redis.Options{Addr: "localhost:6379", Dialer: network.DialContext}
	for range 2 {
		if err := entragoredis.Configure(opt, source, &entragoredis.Options{AllowPlaintext: true}); err != nil {
			t.Fatal(err)
		}
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

func newSource(t *testing.T) *entra.Source {
	source, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	return source
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
			_ = conn.(*tls.Conn).HandshakeContext(t.Context()) // the client judges
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String()
}

type streaming struct{}

func (streaming) Subscribe(auth.CredentialsListener) (auth.Credentials, auth.UnsubscribeFunc, error) {
	return nil, nil, nil
}

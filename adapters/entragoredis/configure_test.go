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
	secure, unverified := &tls.Config{}, &tls.Config{InsecureSkipVerify: true}
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
	slots := func(context.Context) ([]redis.ClusterSlot, error) { return nil, nil }
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
		{"no port", single(func(o *redis.Options) { o.Addr = "cache.test:" }), "redis.Options.Addr"},
		{"port of a name", cluster(func(o *redis.ClusterOptions) { o.Addrs = []string{"cache.test:redis"} }), "redis.ClusterOptions.Addrs"},
		{"port too high", ring(func(o *redis.RingOptions) { o.Addrs["b"] = "cache.test:99999" }), "redis.RingOptions.Addrs"},
		{"space after the port", universal(func(o *redis.UniversalOptions) { o.Addrs = []string{addr + " "} }), "redis.UniversalOptions.Addrs"},
		{"unix socket over tcp", single(func(o *redis.Options) { o.Network, o.Addr = "tcp", "/run/redis.sock" }), "redis.Options.Addr"},
		{"no address", cluster(func(o *redis.ClusterOptions) { o.Addrs = nil }), "redis.ClusterOptions.Addrs"},
		{"slots without addresses", cluster(func(o *redis.ClusterOptions) { o.Addrs, o.ClusterSlots = nil, slots }), ""},
		{"slots with a bad address", cluster(func(o *redis.ClusterOptions) { o.Addrs, o.ClusterSlots = []string{""}, slots }), "redis.ClusterOptions.Addrs"},
		{"slots with a password", cluster(func(o *redis.ClusterOptions) { o.Addrs, o.ClusterSlots, o.Password = nil, slots, "p" }), "redis.ClusterOptions.Password"},
		{"no address", ring(func(o *redis.RingOptions) { o.Addrs = nil }), "redis.RingOptions.Addrs"},
		{"no address", universal(func(o *redis.UniversalOptions) { o.Addrs = nil }), "redis.UniversalOptions.Addrs"},
		{"empty address", cluster(func(o *redis.ClusterOptions) { o.Addrs = []string{addr, ""} }), "redis.ClusterOptions.Addrs"},
		{"no TLS", single(func(o *redis.Options) { o.TLSConfig = nil }), "redis.Options.TLSConfig"},
		{"no TLS", cluster(func(o *redis.ClusterOptions) { o.TLSConfig = nil }), "redis.ClusterOptions.TLSConfig"},
		{"no TLS", ring(func(o *redis.RingOptions) { o.TLSConfig = nil }), "redis.RingOptions.TLSConfig"},
		{"no TLS", universal(func(o *redis.UniversalOptions) { o.TLSConfig = nil }), "redis.UniversalOptions.TLSConfig"},
		{"TLS 1.1 only", single(func(o *redis.Options) { o.TLSConfig = &tls.Config{MaxVersion: tls.VersionTLS11} }), "redis.Options.TLSConfig.MaxVersion"},
		{"server not verified", single(func(o *redis.Options) { o.TLSConfig = unverified }), "redis.Options.TLSConfig.InsecureSkipVerify"},
		{"server not verified", cluster(func(o *redis.ClusterOptions) { o.TLSConfig = unverified }), "redis.ClusterOptions.TLSConfig.InsecureSkipVerify"},
		{"server not verified", ring(func(o *redis.RingOptions) { o.TLSConfig = unverified }), "redis.RingOptions.TLSConfig.InsecureSkipVerify"},
		{"server not verified", universal(func(o *redis.UniversalOptions) { o.TLSConfig = unverified }), "redis.UniversalOptions.TLSConfig.InsecureSkipVerify"},
		{"server not verified, allowed", entragoredis.Configure(&redis.Options{Addr: addr, TLSConfig: unverified}, src, &entragoredis.Options{AllowUnverified: true}), ""},
		{"server not verified by the user's Dialer", single(func(o *redis.Options) {
			o.TLSConfig, o.Dialer = unverified, func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no route") }
		}), ""},
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
		{"Sentinel", universal(func(o *redis.UniversalOptions) { o.SentinelPassword = "p" }), "redis.UniversalOptions.SentinelPassword"},
		{"Sentinel", universal(func(o *redis.UniversalOptions) { o.SentinelUsername = "u" }), "redis.UniversalOptions.SentinelUsername"},
		{"NodeAddress for a Ring", entragoredis.ConfigureRing(&redis.RingOptions{Addrs: map[string]string{"a": addr}, TLSConfig: secure}, src,
			&entragoredis.Options{NodeAddress: entraconn.SeedHost(addr)}), "entragoredis.Options.NodeAddress"},
		{"SeedHost for a Ring", entragoredis.ConfigureRing(&redis.RingOptions{Addrs: map[string]string{"a": addr}, TLSConfig: secure}, src,
			&entragoredis.Options{SeedHost: true}), "entragoredis.Options.SeedHost"},
		{"SeedHost of two hosts", entragoredis.ConfigureCluster(&redis.ClusterOptions{Addrs: []string{addr, "other.test:6380"}, TLSConfig: secure}, src,
			&entragoredis.Options{SeedHost: true}), "entragoredis.Options.SeedHost"},
		{"SeedHost beside NodeAddress", entragoredis.ConfigureCluster(&redis.ClusterOptions{Addrs: []string{addr}, TLSConfig: secure}, src,
			&entragoredis.Options{SeedHost: true, NodeAddress: entraconn.SeedHost(addr)}), "entragoredis.Options.SeedHost"},
		{"SeedHost without an address", entragoredis.ConfigureCluster(&redis.ClusterOptions{TLSConfig: secure}, src,
			&entragoredis.Options{SeedHost: true}), "redis.ClusterOptions.Addrs"},
		{"TrustNode for a Ring", entragoredis.ConfigureRing(&redis.RingOptions{Addrs: map[string]string{"a": addr}, TLSConfig: secure}, src,
			&entragoredis.Options{TrustNode: func(string) bool { return true }}), "entragoredis.Options.TrustNode"},
	} {
		config := (*entra.ConfigError)(nil)
		if test.field == "" && test.err != nil || test.field != "" && (!errors.As(test.err, &config) || config.Field != test.field) {
			t.Errorf("%s: %v, want a *ConfigError for %q", test.name, test.err, test.field)
		}
	}
}

func TestRefusesToBeConfiguredTwice(t *testing.T) {
	source := newSource(t)
	secure := &tls.Config{}
	single := &redis.Options{Addr: addr, TLSConfig: secure}
	cluster := &redis.ClusterOptions{Addrs: []string{addr}, TLSConfig: secure}
	ring := &redis.RingOptions{Addrs: map[string]string{"a": addr}, TLSConfig: secure}
	universal := &redis.UniversalOptions{Addrs: []string{addr}, TLSConfig: secure}
	for field, configure := range map[string]func() error{
		"redis.Options.Dialer":          func() error { return entragoredis.Configure(single, source, nil) },
		"redis.ClusterOptions.Dialer":   func() error { return entragoredis.ConfigureCluster(cluster, source, nil) },
		"redis.RingOptions.Dialer":      func() error { return entragoredis.ConfigureRing(ring, source, nil) },
		"redis.UniversalOptions.Dialer": func() error { return entragoredis.ConfigureUniversal(universal, source, nil) },
	} {
		if err := configure(); err != nil {
			t.Fatal(err)
		}
		config := (*entra.ConfigError)(nil)
		if err := configure(); !errors.As(err, &config) || config.Field != field {
			t.Errorf("%v, want a *ConfigError for %s", err, field)
		}
	}
	config := (*entra.ConfigError)(nil)
	if err := entragoredis.Configure(universal.Simple(), source, nil); !errors.As(err, &config) || config.Field != "redis.Options.Dialer" {
		t.Errorf("options made of configured ones: %v, want a *ConfigError for redis.Options.Dialer", err)
	}
}

// newSource returns a Source that has a token, so that no dial waits for one on a busy machine.
func newSource(t *testing.T) *entra.Source {
	source, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	if _, err := source.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	return source
}

type streaming struct{}

func (streaming) Subscribe(auth.CredentialsListener) (auth.Credentials, auth.UnsubscribeFunc, error) {
	return nil, nil, nil
}

package entrarueidis_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/rueidis"
)

const addr = "cache.test:6380"

func TestRefusesWhatCannotWork(t *testing.T) {
	src := newSource(t)
	for name, test := range map[string]struct {
		change func(*rueidis.ClientOption)
		field  string // after "rueidis.ClientOption."
	}{
		"good":          {func(*rueidis.ClientOption) {}, ""},
		"no address":    {func(o *rueidis.ClientOption) { o.InitAddress = nil }, "InitAddress"},
		"empty address": {func(o *rueidis.ClientOption) { o.InitAddress = []string{addr, ""} }, "InitAddress"},
		"no port":       {func(o *rueidis.ClientOption) { o.InitAddress = []string{"cache.test"} }, "InitAddress"},
		"no TLS":        {func(o *rueidis.ClientOption) { o.TLSConfig = nil }, "TLSConfig"},
		"no TLS here":   {func(o *rueidis.ClientOption) { o.TLSConfig, o.InitAddress = nil, []string{"[::1]:6379"} }, ""},
		"no TLS to a replica": {func(o *rueidis.ClientOption) {
			o.TLSConfig, o.InitAddress, o.Standalone.ReplicaAddress = nil, []string{"localhost:6379"}, []string{addr}
		}, "TLSConfig"},
		"empty replica": {func(o *rueidis.ClientOption) { o.Standalone.ReplicaAddress = []string{""} }, "Standalone.ReplicaAddress"},
		"password":      {func(o *rueidis.ClientOption) { o.Password = "p" }, "Password"},
		"user name":     {func(o *rueidis.ClientOption) { o.Username = "u" }, "Username"},
		"credentials": {func(o *rueidis.ClientOption) {
			o.AuthCredentialsFn = func(rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
				return rueidis.AuthCredentials{}, nil
			}
		}, "AuthCredentialsFn"},
		"Sentinel":          {func(o *rueidis.ClientOption) { o.Sentinel.MasterSet = "m" }, "Sentinel"},
		"Sentinel password": {func(o *rueidis.ClientOption) { o.Sentinel.Password = "p" }, "Sentinel"},
	} {
		opt := rueidis.ClientOption{InitAddress: []string{addr}, TLSConfig: &tls.Config{}}
		test.change(&opt)
		err := entrarueidis.Configure(&opt, src, nil)
		config := (*entra.ConfigError)(nil)
		if test.field == "" && err != nil || test.field != "" && (!errors.As(err, &config) || config.Field != "rueidis.ClientOption."+test.field) {
			t.Errorf("%s: %v, want a *ConfigError for %q", name, err, test.field)
		}
		if (err == nil) != (opt.DialCtxFn != nil) {
			t.Errorf("%s: DialCtxFn is set: %t, error: %v", name, opt.DialCtxFn != nil, err)
		}
	}
	config := (*entra.ConfigError)(nil)
	if err := entrarueidis.Configure(nil, src, nil); !errors.As(err, &config) || config.Field != "rueidis.ClientOption" {
		t.Errorf("no option: %v", err)
	}
	opt := rueidis.ClientOption{InitAddress: []string{addr}, TLSConfig: &tls.Config{}}
	if err := entrarueidis.Configure(&opt, nil, nil); !errors.As(err, &config) || config.Field != "src" {
		t.Errorf("no Source: %v", err)
	}
}

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

func TestRefusesPlaintextFromTheUsersDialFunction(t *testing.T) {
	network := entratest.NewNetwork()
	listener, err := network.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	opt := rueidis.ClientOption{
		InitAddress: []string{addr}, ForceSingleClient: true,
		DialCtxFn: func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return network.DialContext(ctx, "tcp", addr)
		},
	}
	if err := entrarueidis.Configure(&opt, newSource(t), nil); err != nil {
		t.Fatal(err)
	}
	client, err := rueidis.NewClient(opt)
	config := (*entra.ConfigError)(nil)
	if !errors.As(err, &config) || config.Field != "rueidis.ClientOption.DialCtxFn" {
		t.Errorf("%v, want a *ConfigError for rueidis.ClientOption.DialCtxFn", err)
	}
	if client != nil {
		client.Close()
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

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
)

func TestNewDialerKeepsTheRuleOfConfigure(t *testing.T) {
	source := newSource(t)
	network := entratest.NewNetwork()
	listen(t, network, addr)
	secure := &tls.Config{}
	for name, test := range map[string]struct {
		opt   *redis.UniversalOptions
		src   *entra.Source
		field string
	}{
		"nil":                      {nil, source, "redis.UniversalOptions"},
		"nil Source":               {&redis.UniversalOptions{Addrs: []string{addr}, TLSConfig: secure}, nil, "src"},
		"no TLS":                   {&redis.UniversalOptions{Addrs: []string{addr}}, source, "redis.UniversalOptions.TLSConfig"},
		"server not verified":      {&redis.UniversalOptions{Addrs: []string{addr}, TLSConfig: &tls.Config{InsecureSkipVerify: true}}, source, "redis.UniversalOptions.TLSConfig.InsecureSkipVerify"},
		"Sentinel":                 {&redis.UniversalOptions{Addrs: []string{addr}, TLSConfig: secure, MasterName: "m"}, source, "redis.UniversalOptions.MasterName"},
		"password":                 {&redis.UniversalOptions{Addrs: []string{addr}, TLSConfig: secure, Password: "p"}, source, "redis.UniversalOptions.Password"},
		"good":                     {&redis.UniversalOptions{Addrs: []string{addr}, TLSConfig: secure}, source, ""},
		"good, with user's Dialer": {&redis.UniversalOptions{Addrs: []string{addr}, Dialer: network.DialContext}, source, ""},
	} {
		dial, err := entragoredis.NewDialer(test.opt, test.src, nil)
		config := (*entra.ConfigError)(nil)
		if test.field == "" && (err != nil || dial == nil) || test.field != "" && (!errors.As(err, &config) || config.Field != test.field || dial != nil) {
			t.Errorf("%s: %v, want a *ConfigError for %q", name, err, test.field)
		}
	}
	if _, err := mustNewDialer(t, source, network.DialContext, nil)(t.Context(), "tcp", addr); err == nil {
		t.Error("a connection without TLS got through")
	}
	if _, err := mustNewDialer(t, source, network.DialContext, nil)(t.Context(), "tcp", "evil.example:6380"); !errors.As(err, new(*entra.ConfigError)) {
		t.Errorf("a node that belongs to no seed: %v", err)
	}
}

func TestNewDialerLeavesItsOptions(t *testing.T) {
	source := newSource(t)
	network := entratest.NewNetwork()
	listen(t, network, addr)
	opt := &redis.UniversalOptions{Addrs: []string{addr}, TLSConfig: &tls.Config{}}
	if _, err := entragoredis.NewDialer(opt, source, nil); err != nil || opt.Dialer != nil {
		t.Errorf("%v, set Dialer: %v", err, opt.Dialer != nil)
	}
	dial := mustNewDialer(t, source, network.DialContext, &entragoredis.Options{AllowPlaintext: true})
	conn, err := dial(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, ok := conn.(*entraconn.Conn); !ok {
		t.Errorf("it returns a %T", conn)
	}
	// The options of a library that has got it are configured already.
	config := (*entra.ConfigError)(nil)
	if err := entragoredis.Configure(&redis.Options{Addr: addr, Dialer: dial}, source, nil); !errors.As(err, &config) || config.Field != "redis.Options.Dialer" {
		t.Errorf("%v, want a *ConfigError for redis.Options.Dialer", err)
	}
}

func mustNewDialer(t *testing.T, source *entra.Source, dial dialFunc, opts *entragoredis.Options) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	made, err := entragoredis.NewDialer(&redis.UniversalOptions{Addrs: []string{addr}, Dialer: dial}, source, opts)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

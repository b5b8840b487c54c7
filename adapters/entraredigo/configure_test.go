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
		configured := &redis.Pool{}
		if err := entraredigo.Configure(configured, addr, src, nil); err != nil {
			t.Fatal(err)
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
			{"no port number", &redis.Pool{}, "cache.test:", src, nil, "addr"},
			{"port of a name", &redis.Pool{}, "cache.test:redis", src, nil, "addr"},
			{"TLS 1.1 only", &redis.Pool{}, addr, src, &entraredigo.Options{TLSConfig: &tls.Config{MaxVersion: tls.VersionTLS11}}, "entraredigo.Options.TLSConfig.MaxVersion"},
			{"server not verified", &redis.Pool{}, addr, src, &entraredigo.Options{TLSConfig: &tls.Config{InsecureSkipVerify: true}}, "entraredigo.Options.TLSConfig.InsecureSkipVerify"},
			{"server not verified, allowed", &redis.Pool{}, addr, src, &entraredigo.Options{TLSConfig: &tls.Config{InsecureSkipVerify: true}, AllowUnverified: true}, ""},
			{"unix socket", &redis.Pool{}, "/run/redis.sock", src, nil, ""},
			{"without effect", &redis.Pool{}, addr, src, with(redis.DialUsername("u"), redis.DialTLSConfig(&tls.Config{}), redis.DialTLSSkipVerify(true)), ""},
			{"configured before", configured, addr, src, nil, "redis.Pool.DialContext"},
			{"Dial", &redis.Pool{Dial: func() (redis.Conn, error) { return nil, nil }}, addr, src, nil, "redis.Pool.Dial"},
			{"DialContext", &redis.Pool{DialContext: func(context.Context) (redis.Conn, error) { return nil, nil }}, addr, src, nil, "redis.Pool.DialContext"},
			{"password", &redis.Pool{}, addr, src, with(redis.DialPassword("p")), dialOptions},
			{"user", &redis.Pool{}, addr, src, with(redis.DialUsername("u"), redis.DialPassword("p")), dialOptions},
			{"password after others", &redis.Pool{}, addr, src, with(redis.DialDatabase(1), redis.DialPassword("p"), redis.DialNetDial(never)), dialOptions},
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

package entrarueidis_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/rueidis"
)

const addr = "cache.test:6380"

func TestRefusesWhatCannotWork(t *testing.T) {
	src := newSource(t)
	dial := func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
		return nil, errors.New("no route")
	}
	for name, test := range map[string]struct {
		change func(*rueidis.ClientOption)
		field  string // after "rueidis.ClientOption."
	}{
		"good":                      {func(*rueidis.ClientOption) {}, ""},
		"no address":                {func(o *rueidis.ClientOption) { o.InitAddress = nil }, "InitAddress"},
		"empty address":             {func(o *rueidis.ClientOption) { o.InitAddress = []string{addr, ""} }, "InitAddress"},
		"no port":                   {func(o *rueidis.ClientOption) { o.InitAddress = []string{"cache.test"} }, "InitAddress"},
		"no port number":            {func(o *rueidis.ClientOption) { o.InitAddress = []string{"localhost:"} }, "InitAddress"},
		"port of a name":            {func(o *rueidis.ClientOption) { o.InitAddress = []string{"cache.test:redis"} }, "InitAddress"},
		"unix socket":               {func(o *rueidis.ClientOption) { o.InitAddress = []string{"/run/redis.sock"} }, "InitAddress"},
		"unix socket of the user's": {func(o *rueidis.ClientOption) { o.InitAddress, o.DialCtxFn = []string{"/run/redis.sock"}, dial }, ""},
		"TLS 1.1 only":              {func(o *rueidis.ClientOption) { o.TLSConfig.MaxVersion = tls.VersionTLS11 }, "TLSConfig.MaxVersion"},
		"server not verified":       {func(o *rueidis.ClientOption) { o.TLSConfig.InsecureSkipVerify = true }, "TLSConfig.InsecureSkipVerify"},
		"server verified otherwise": {func(o *rueidis.ClientOption) {
			o.TLSConfig.InsecureSkipVerify, o.TLSConfig.VerifyConnection = true, func(tls.ConnectionState) error { return nil }
		}, ""},
		"server not verified by the user's dial function": {func(o *rueidis.ClientOption) { o.TLSConfig.InsecureSkipVerify, o.DialCtxFn = true, dial }, ""},
		"no TLS":      {func(o *rueidis.ClientOption) { o.TLSConfig = nil }, "TLSConfig"},
		"no TLS here": {func(o *rueidis.ClientOption) { o.TLSConfig, o.InitAddress = nil, []string{"[::1]:6379"} }, ""},
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
		"Sentinel":          {func(o *rueidis.ClientOption) { o.Sentinel.MasterSet = "m" }, "Sentinel.MasterSet"},
		"Sentinel user":     {func(o *rueidis.ClientOption) { o.Sentinel.Username = "u" }, "Sentinel.Username"},
		"Sentinel password": {func(o *rueidis.ClientOption) { o.Sentinel.Password = "p" }, "Sentinel.Password"},
	} {
		opt := rueidis.ClientOption{InitAddress: []string{addr}, TLSConfig: &tls.Config{}}
		test.change(&opt)
		err := entrarueidis.Configure(&opt, src, nil)
		config := (*entra.ConfigError)(nil)
		if test.field == "" && err != nil || test.field != "" && (!errors.As(err, &config) || config.Field != "rueidis.ClientOption."+test.field) {
			t.Errorf("%s: %v, want a *ConfigError for %q", name, err, test.field)
		}
		if test.field != "" && opt.DialCtxFn != nil || test.field == "" && opt.DialCtxFn == nil {
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

func TestRefusesToBeConfiguredTwice(t *testing.T) {
	opt := rueidis.ClientOption{InitAddress: []string{addr}, TLSConfig: &tls.Config{}}
	if err := entrarueidis.Configure(&opt, newSource(t), nil); err != nil {
		t.Fatal(err)
	}
	config := (*entra.ConfigError)(nil)
	if err := entrarueidis.Configure(&opt, newSource(t), nil); !errors.As(err, &config) || config.Field != "rueidis.ClientOption.DialCtxFn" {
		t.Errorf("%v, want a *ConfigError for rueidis.ClientOption.DialCtxFn", err)
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

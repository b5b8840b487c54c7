package entrarueidis

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"

	"github.com/entraredis/entraredis/adapters/internal/hook"
	"github.com/entraredis/entraredis/adapters/internal/settings"
	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/redis/rueidis"
)

const option = "rueidis.ClientOption"

// Options adjusts the adapter. The zero value, and nil, is right for Azure.
type Options struct {
	Name string // what observers call this client, for example in metrics; may be empty
	// AllowPlaintext permits connections without TLS to other machines. An attacker who can read
	// the network can then use the token until it expires.
	AllowPlaintext bool
	// NodeAddress maps the address of a node as the cluster announces it to the one that is dialed, for
	// clusters that announce addresses which clients cannot reach; see [entraconn.SeedHost]. Default: as
	// announced.
	NodeAddress func(addr string) string
	// SeparateLogin waits for the answer to AUTH before rueidis's first command is written, for proxies that
	// cannot take both at once. It costs one round trip per connection.
	SeparateLogin bool
}

// Configure prepares opt for [rueidis.NewClient]. Cluster nodes that are announced by IP address are verified
// against the host name of InitAddress, if all have the same and TLSConfig has no ServerName.
func Configure(opt *rueidis.ClientOption, src *entra.Source, opts *Options) error {
	if opt == nil {
		return &entra.ConfigError{Field: option, Reason: "is nil"}
	}
	opts = cmp.Or(opts, &Options{})
	custom, rule := opt.DialCtxFn, tlsonly.Rule{
		AllowPlaintext: opts.AllowPlaintext, ServerName: tlsonly.SeedHost(opt.InitAddress), TLSField: option + ".TLSConfig", DialField: option + ".DialCtxFn",
	}
	if fn := opt.DialFn; custom == nil && fn != nil { // which rueidis ignores as soon as DialCtxFn is set
		rule.DialField = option + ".DialFn"
		custom = func(_ context.Context, addr string, d *net.Dialer, cfg *tls.Config) (net.Conn, error) {
			return fn(addr, d, cfg)
		}
	}
	if err := cmp.Or(settings.CheckSource(src), check(opt, rule, custom != nil)); err != nil {
		return err
	}
	login := entraconn.NewDialer(src, &entraconn.Options{Library: "rueidis", Name: opts.Name, SeparateLogin: opts.SeparateLogin})
	opt.DialCtxFn = (&dialer{login, rule, custom, opts.NodeAddress, opt.DisableTCPNoDelay}).dial
	return nil
}

func check(opt *rueidis.ClientOption, rule tlsonly.Rule, custom bool) error {
	err := cmp.Or(
		settings.CheckCredentials(option, map[string]bool{
			"Username": opt.Username != "", "Password": opt.Password != "", "AuthCredentialsFn": opt.AuthCredentialsFn != nil,
		}),
		settings.CheckSentinel(option+".Sentinel", map[string]bool{
			"MasterSet": opt.Sentinel.MasterSet != "", "Username": opt.Sentinel.Username != "", "Password": opt.Sentinel.Password != "",
		}),
		hook.CheckMethod(rule.DialField, opt.DialCtxFn, (*dialer)(nil).dial),
		rule.CheckTLS(opt.TLSConfig),
		rule.CheckAddrs(option+".InitAddress", "tcp", opt.InitAddress, opt.TLSConfig, custom),
	)
	if replicas := opt.Standalone.ReplicaAddress; err == nil && len(replicas) > 0 {
		err = rule.CheckAddrs(option+".Standalone.ReplicaAddress", "tcp", replicas, opt.TLSConfig, custom)
	}
	return err
}

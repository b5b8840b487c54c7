package entrarueidis

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"

	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/redis/rueidis"
)

// Options adjusts the adapter. The zero value, and nil, is right for Azure.
type Options struct {
	Name string // what observers call this client, for example in metrics; may be empty
	// AllowPlaintext permits connections without TLS to other machines. Whoever can read the network can then
	// use the token until it expires.
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
		return &entra.ConfigError{Field: "rueidis.ClientOption", Reason: "is nil"}
	}
	if src == nil {
		return &entra.ConfigError{Field: "src", Reason: "is nil; make one with entra.NewSource"}
	}
	opts = cmp.Or(opts, &Options{})
	custom := opt.DialCtxFn
	if custom == nil && opt.DialFn != nil { // which rueidis ignores as soon as DialCtxFn is set
		old := opt.DialFn
		custom = func(_ context.Context, addr string, d *net.Dialer, cfg *tls.Config) (net.Conn, error) {
			return old(addr, d, cfg)
		}
	}
	rule := tlsonly.Rule{
		AllowPlaintext: opts.AllowPlaintext,
		ServerName:     tlsonly.SeedHost(opt.InitAddress),
		TLSField:       "rueidis.ClientOption.TLSConfig",
		DialField:      "rueidis.ClientOption.DialCtxFn",
	}
	if err := check(opt, rule, custom != nil); err != nil {
		return err
	}
	dialer := entraconn.NewDialer(src, &entraconn.Options{Library: "rueidis", Name: opts.Name, SeparateLogin: opts.SeparateLogin})
	nagle, nodeAddress := opt.DisableTCPNoDelay, opts.NodeAddress
	opt.DialCtxFn = func(ctx context.Context, addr string, d *net.Dialer, cfg *tls.Config) (net.Conn, error) {
		if nodeAddress != nil {
			addr = nodeAddress(addr)
		}
		return dialer.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			if custom != nil {
				return rule.Dial(ctx, func(ctx context.Context, _, addr string) (net.Conn, error) { return custom(ctx, addr, d, cfg) }, nil, nil, network, addr)
			}
			conn, err := rule.Dial(ctx, nil, d, cfg, network, addr)
			if err == nil && nagle { // rueidis does it itself, but cannot see the TCP connection any more
				enableNagle(conn)
			}
			return conn, err
		})(ctx, "tcp", addr)
	}
	return nil
}

func check(opt *rueidis.ClientOption, rule tlsonly.Rule, custom bool) error {
	const option = "rueidis.ClientOption."
	for _, c := range []struct {
		field string
		set   bool
	}{
		{"Username", opt.Username != ""},
		{"Password", opt.Password != ""},
		{"AuthCredentialsFn", opt.AuthCredentialsFn != nil},
	} {
		if c.set {
			return &entra.ConfigError{Field: option + c.field, Reason: "is set, but the adapter logs in with the token; remove it"}
		}
	}
	if s := opt.Sentinel; s.MasterSet != "" || s.Username != "" || s.Password != "" {
		return &entra.ConfigError{Field: option + "Sentinel", Reason: "is set, but Azure has no Sentinel; remove it"}
	}
	if err := rule.CheckAddrs(option+"InitAddress", "tcp", opt.InitAddress, opt.TLSConfig, custom); err != nil {
		return err
	}
	if replicas := opt.Standalone.ReplicaAddress; len(replicas) > 0 {
		return rule.CheckAddrs(option+"Standalone.ReplicaAddress", "tcp", replicas, opt.TLSConfig, custom)
	}
	return nil
}

func enableNagle(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetNoDelay(false) // an optimisation, as in rueidis
	}
}

package entrarueidis

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"slices"

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
	// AllowUnverified permits a TLSConfig with InsecureSkipVerify that verifies the server in no other way. Any
	// server that answers can then use the token until it expires.
	AllowUnverified bool
	// SeedHost dials every node at the host of InitAddress, which all of it must have, and at the port that
	// the cluster announces: for clusters that announce addresses which clients cannot reach. Replicas of a
	// Standalone must have that host too. Default: as announced.
	SeedHost bool
	// NodeAddress maps the address of a node as the cluster announces it to the one that is dialed, where
	// SeedHost does not fit; see [entraconn.SeedHost] too. Default: as announced.
	NodeAddress func(addr string) string
	// TrustNode says whether a node that the cluster announces by a name may get the token, which opens every
	// cache of its user. It is asked about hosts that do not belong to a seed, which is an address in InitAddress
	// or Standalone.ReplicaAddress. It gets them in lower case and without a trailing dot, after SeedHost and
	// NodeAddress, from several goroutines at once. A host belongs to a seed if it is the same name, lies below it
	// where the seed has two labels or more, shares its parent domain where that has three labels or more, or ends
	// in the same domain of Azure's caches. If the seed is an IP address or on this machine, localhost belongs to
	// it. TrustNode is not asked about IP addresses: their certificate must have the seed's name. Default: no
	// other host.
	TrustNode func(host string) bool
	// SeparateLogin waits for the answer to AUTH before rueidis's first command is written, for proxies that
	// cannot take both at once. It costs one round trip per connection.
	SeparateLogin bool
}

// Configure prepares opt for [rueidis.NewClient]. Cluster nodes that are announced by IP address are verified
// against the host name of InitAddress, if all have the same and TLSConfig has no ServerName. The error is an
// [*entra.ConfigError], and opt is unchanged then.
func Configure(opt *rueidis.ClientOption, src *entra.Source, opts *Options) error {
	if opt == nil {
		return &entra.ConfigError{Field: option, Reason: "is nil"}
	}
	opts = cmp.Or(opts, &Options{})
	custom, rule := opt.DialCtxFn, tlsonly.Rule{
		AllowPlaintext: opts.AllowPlaintext, AllowUnverified: opts.AllowUnverified, ServerName: tlsonly.SeedHost(opt.InitAddress),
		TLSField: option + ".TLSConfig", DialField: option + ".DialCtxFn", Nodes: &tlsonly.Nodes{
			Seeds: slices.Concat(opt.InitAddress, opt.Standalone.ReplicaAddress), Trust: opts.TrustNode, Options: "entrarueidis.Options", Address: opts.NodeAddress,
		},
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
	if opts.SeedHost {
		if err := rule.Nodes.UseSeedHost(); err != nil {
			return err
		}
	}
	login := entraconn.NewDialer(src, &entraconn.Options{Library: "rueidis", Name: opts.Name, SeparateLogin: opts.SeparateLogin, AllowPlaintext: opts.AllowPlaintext})
	opt.DialCtxFn = (&dialer{login, rule, custom, rule.Nodes.Address, opt.DisableTCPNoDelay}).dial
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
		rule.CheckTLS(opt.TLSConfig, custom),
		rule.CheckAddrs(option+".InitAddress", "tcp", opt.InitAddress, opt.TLSConfig, custom),
	)
	if replicas := opt.Standalone.ReplicaAddress; err == nil && len(replicas) > 0 {
		err = rule.CheckAddrs(option+".Standalone.ReplicaAddress", "tcp", replicas, opt.TLSConfig, custom)
	}
	return err
}

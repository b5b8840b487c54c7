package entragoredis

import (
	"cmp"
	"context"
	"net"
	"slices"
	"time"

	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/redis/go-redis/v9"
)

const ring = "redis.RingOptions"

// configure checks o, which holds what the struct called name has in common with redis.Options, and sets dialer.
func configure(name string, dialer *tlsonly.DialFunc, o redis.Options, addrs []string, src *entra.Source, opts *Options) error {
	if src == nil {
		return &entra.ConfigError{Field: "src", Reason: "is nil; make one with entra.NewSource"}
	}
	if i := slices.Index([]bool{o.Username != "", o.Password != "", o.CredentialsProvider != nil, o.CredentialsProviderContext != nil, o.StreamingCredentialsProvider != nil}, true); i >= 0 {
		hooks := []string{"Username", "Password", "CredentialsProvider", "CredentialsProviderContext", "StreamingCredentialsProvider"}
		return &entra.ConfigError{Field: name + "." + hooks[i], Reason: "is set, but the adapter logs in with the token; remove it"}
	}
	opts = cmp.Or(opts, &Options{})
	rule := tlsonly.Rule{AllowPlaintext: opts.AllowPlaintext, TLSField: name + ".TLSConfig", DialField: name + ".Dialer"}
	if name != ring { // a Ring's shards are caches of their own
		rule.ServerName = tlsonly.SeedHost(addrs)
	}
	field := name + ".Addrs"
	if name == "redis.Options" {
		field = name + ".Addr"
	}
	if err := rule.CheckAddrs(field, o.Network, addrs, o.TLSConfig, o.Dialer != nil); err != nil {
		return err
	}
	// The defaults of redis.NewDialer, which cannot be used: it knows no timeout before NewClient, and its TLS
	// handshake ignores ctx.
	d := &net.Dialer{
		Timeout:         cmp.Or(o.DialTimeout, 5*time.Second),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	custom, cfg, nodeAddress := o.Dialer, o.TLSConfig, opts.NodeAddress
	login := entraconn.NewDialer(src, &entraconn.Options{Library: "go-redis", Name: opts.Name, SeparateLogin: opts.SeparateLogin}).
		DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			return rule.Dial(ctx, custom, d, cfg, network, addr)
		})
	*dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if nodeAddress != nil {
			addr = nodeAddress(addr)
		}
		return login(ctx, network, addr)
	}
	return nil
}

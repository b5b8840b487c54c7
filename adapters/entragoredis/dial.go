package entragoredis

import (
	"cmp"
	"context"
	"net"
	"time"

	"github.com/entraredis/entraredis/adapters/internal/hook"
	"github.com/entraredis/entraredis/adapters/internal/settings"
	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/redis/go-redis/v9"
)

// clientOptions is what the four option types of go-redis have in common.
type clientOptions struct {
	name       string // of its type
	dialer     *tlsonly.DialFunc
	options    *redis.Options // what it has in common with those of a single node
	field      string         // where addrs are from
	addrs      []string
	serverName string // for nodes of a cluster; none for a Ring, whose shards are caches of their own
	slots      bool   // a function names the nodes, so addrs may be empty
}

func configure(h clientOptions, src *entra.Source, opts *Options) error {
	o, opts := h.options, cmp.Or(opts, &Options{})
	rule := tlsonly.Rule{AllowPlaintext: opts.AllowPlaintext, ServerName: h.serverName, TLSField: h.name + ".TLSConfig", DialField: h.name + ".Dialer"}
	err := cmp.Or(settings.CheckSource(src), settings.CheckCredentials(h.name, map[string]bool{
		"Username": o.Username != "", "Password": o.Password != "", "CredentialsProvider": o.CredentialsProvider != nil,
		"CredentialsProviderContext": o.CredentialsProviderContext != nil, "StreamingCredentialsProvider": o.StreamingCredentialsProvider != nil,
	}), hook.CheckOnce(rule.DialField, o.Dialer), rule.CheckTLS(o.TLSConfig))
	if err == nil && !(h.slots && len(h.addrs) == 0) {
		err = rule.CheckAddrs(h.name+"."+h.field, o.Network, h.addrs, o.TLSConfig, o.Dialer != nil)
	}
	if err != nil {
		return err
	}
	// The defaults of redis.NewDialer, which cannot be used: it knows no timeout before NewClient, and its TLS
	// handshake ignores ctx.
	d := &net.Dialer{
		Timeout:         cmp.Or(o.DialTimeout, 5*time.Second),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	custom, cfg := o.Dialer, o.TLSConfig
	login := &entraconn.Options{Library: "go-redis", Name: opts.Name, SeparateLogin: opts.SeparateLogin}
	*h.dialer = hook.New(src, login, opts.NodeAddress, func(ctx context.Context, network, addr string) (net.Conn, error) {
		return rule.Dial(ctx, custom, d, cfg, network, addr)
	})
	return nil
}

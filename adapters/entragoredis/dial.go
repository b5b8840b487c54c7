package entragoredis

import (
	"cmp"
	"context"
	"net"
	"slices"
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
	name      string // of its type
	dialer    *tlsonly.DialFunc
	options   *redis.Options // what it has in common with those of a single node
	field     string         // where addrs are from
	addrs     []string
	announces bool      // the server may announce other nodes; not to a Ring, whose shards are caches of their own
	slots     *slotFunc // names the nodes if it is set, so addrs may be empty; nil if there is no such option
}

// A slotFunc is redis.ClusterOptions.ClusterSlots.
type slotFunc = func(context.Context) ([]redis.ClusterSlot, error)

// naming returns slots, which from now on tells nodes what it names.
func naming(nodes *tlsonly.Nodes, slots slotFunc) slotFunc {
	return func(ctx context.Context) ([]redis.ClusterSlot, error) {
		named, err := slots(ctx)
		var addrs []string
		for _, slot := range named {
			for _, node := range slot.Nodes {
				addrs = append(addrs, node.Addr)
			}
		}
		if err == nil {
			nodes.SetNamed(addrs)
		}
		return named, err
	}
}

func configure(h clientOptions, src *entra.Source, opts *Options) error {
	o, opts := h.options, cmp.Or(opts, &Options{})
	rule := tlsonly.Rule{AllowPlaintext: opts.AllowPlaintext, AllowUnverified: opts.AllowUnverified, TLSField: h.name + ".TLSConfig", DialField: h.name + ".Dialer"}
	nodes := &tlsonly.Nodes{Seeds: slices.Clone(h.addrs), Trust: opts.TrustNode, Options: "entragoredis.Options", Address: opts.NodeAddress}
	if h.announces {
		rule.ServerName, rule.Nodes = tlsonly.SeedHost(h.addrs), nodes
	}
	err := cmp.Or(settings.CheckSource(src), settings.CheckCredentials(h.name, map[string]bool{
		"Username": o.Username != "", "Password": o.Password != "", "CredentialsProvider": o.CredentialsProvider != nil,
		"CredentialsProviderContext": o.CredentialsProviderContext != nil, "StreamingCredentialsProvider": o.StreamingCredentialsProvider != nil,
	}), hook.CheckOnce(rule.DialField, o.Dialer), rule.CheckTLS(o.TLSConfig, o.Dialer != nil))
	named := h.slots != nil && *h.slots != nil
	if err == nil && !(named && len(h.addrs) == 0) {
		err = rule.CheckAddrs(h.name+"."+h.field, o.Network, h.addrs, o.TLSConfig, o.Dialer != nil)
	}
	if err == nil && opts.SeedHost {
		err = nodes.UseSeedHost()
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
	if named {
		*h.slots = naming(nodes, *h.slots)
	}
	custom, cfg := o.Dialer, o.TLSConfig
	login := &entraconn.Options{Library: "go-redis", Name: opts.Name, SeparateLogin: opts.SeparateLogin, AllowPlaintext: opts.AllowPlaintext, SeparateCaches: !h.announces}
	*h.dialer = hook.New(src, login, nodes.Address, func(ctx context.Context, network, addr string) (net.Conn, error) {
		return rule.Dial(ctx, custom, d, cfg, network, addr)
	})
	return nil
}

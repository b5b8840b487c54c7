package entraredigo

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/entraredis/entraredis/adapters/internal/hook"
	"github.com/entraredis/entraredis/adapters/internal/settings"
	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/gomodule/redigo/redis"
)

// Options adjusts the adapter. The zero value, and nil, is right for Azure.
type Options struct {
	Name string // what observers call this pool, for example in metrics; may be empty
	// TLSConfig is copied and its MinVersion raised to TLS 1.2. Default: &tls.Config{}, and none on this machine.
	TLSConfig *tls.Config
	// AllowPlaintext permits connections without TLS to other machines too if TLSConfig is nil. An
	// attacker who can read the network can then use the token until it expires.
	AllowPlaintext bool
	// AllowUnverified permits a TLSConfig with InsecureSkipVerify that verifies the server in no other way. Any
	// server that answers can then use the token until it expires.
	AllowUnverified bool
	// DialTimeout bounds connecting and TLS handshake together. Default, for 0: redigo's 30 seconds. Negative ends
	// every dial at once.
	DialTimeout time.Duration
	// KeepAlive is how long a TCP connection is silent before the operating system asks whether the server is still
	// there. It asks every 5 seconds then, and ends the connection after 3 questions without an answer. Default, for 0:
	// 30 seconds, as go-redis. Negative turns it off. It is for connections that the adapter dials.
	KeepAlive time.Duration
	// Dial, if set, makes the connections. It must do TLS itself, TLSConfig is not used, and DialTimeout bounds
	// only a handshake that it leaves to be made; a connection without TLS is refused unless both it and addr are
	// on this machine, or AllowPlaintext is set.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// DialOptions are handed to redigo: DialDatabase, DialClientName and so on. The adapter puts DialWriteTimeout of 10
	// seconds in front of them; another one replaces it, and 0 means no timeout. It sets no DialReadTimeout, because
	// that would end BLPOP and Receive as well: docs/adapters.md says how to bound each command. DialUseTLS and
	// DialPassword are refused here, DialNetDial and DialContextFunc by the first dial. Those that go with them have no effect:
	// DialUsername, DialTLSConfig, DialTLSSkipVerify, DialTLSHandshakeTimeout, and DialConnectTimeout and DialKeepAlive, for
	// which DialTimeout and KeepAlive stand here.
	DialOptions []redis.DialOption
	// SeparateLogin waits for the answer to AUTH before redigo's first command is written, for proxies that
	// cannot take both at once. It costs one round trip per connection.
	SeparateLogin bool
}

// Configure prepares pool, whose connections will all lead to addr, which is host:port or a unix socket's path. The error
// is an [*entra.ConfigError], and pool has no DialContext then.
func Configure(pool *redis.Pool, addr string, src *entra.Source, opts *Options) (err error) {
	if pool == nil {
		return &entra.ConfigError{Field: "redis.Pool", Reason: "is nil"}
	}
	if err := settings.CheckDial("redis.Pool", map[string]bool{"Dial": pool.Dial != nil, "DialContext": pool.DialContext != nil}); err != nil {
		return err
	}
	pool.DialContext, err = DialContext(src, addr, opts)
	return err
}

// DialContext returns a function that connects to addr, for single connections or for a pool's
// DialContext, or an [*entra.ConfigError]. Make one per server, not one per connection: its
// connections share one rotation and one login gate.
func DialContext(src *entra.Source, addr string, opts *Options) (func(context.Context) (redis.Conn, error), error) {
	opts = cmp.Or(opts, &Options{})
	rule := tlsonly.Rule{AllowPlaintext: opts.AllowPlaintext, AllowUnverified: opts.AllowUnverified, TLSField: "entraredigo.Options.TLSConfig", DialField: "entraredigo.Options.Dial"}
	cfg, network := opts.TLSConfig, "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	if cfg == nil && !opts.AllowPlaintext && !tlsonly.Local(network, addr) {
		cfg = &tls.Config{}
	}
	if err := cmp.Or(
		settings.CheckSource(src), hook.CheckOnce(rule.DialField, opts.Dial), rule.CheckTLS(cfg, opts.Dial != nil),
		rule.CheckAddrs("addr", network, []string{addr}, cfg, opts.Dial != nil), rehearse(network, addr, opts.DialOptions),
	); err != nil {
		return nil, err
	}
	d := &net.Dialer{
		Timeout: cmp.Or(opts.DialTimeout, 30*time.Second), KeepAlive: -1, // if KeepAliveConfig does not enable it
		KeepAliveConfig: net.KeepAliveConfig{Enable: opts.KeepAlive >= 0, Idle: cmp.Or(opts.KeepAlive, 30*time.Second), Interval: 5 * time.Second, Count: 3},
	}
	custom, options := opts.Dial, slices.Clone(opts.DialOptions)
	login := hook.New(src, &entraconn.Options{Library: "redigo", Name: opts.Name, SeparateLogin: opts.SeparateLogin, AllowPlaintext: opts.AllowPlaintext}, nil,
		func(ctx context.Context, network, addr string) (net.Conn, error) {
			return rule.Dial(ctx, custom, d, cfg, network, addr)
		})
	return func(ctx context.Context) (redis.Conn, error) { return dial(ctx, network, addr, login, options) }, nil
}

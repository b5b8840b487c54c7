package entragoredis

import (
	"context"
	"net"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/go-redis/v9"
)

// NewDialer returns the Dialer that [ConfigureUniversal] would set on opt, and does not change opt. It is for libraries
// that make their own options and take no more than a Dialer, and for a [redis.Hook] of a client that is made already.
// docs/libraries.md has both.
//
// Of opt it uses Addrs, which are the addresses that the program names, DialTimeout, TLSConfig, and Dialer, as the
// package comment says. go-redis does not use a TLSConfig of its own beside a Dialer. The Dialer connects to the address
// that go-redis asks for, if that belongs to one of Addrs. The client must set no user name and no password: a connection
// on which it logs in by itself is its own from then on, and is not renewed.
//
// Make one Dialer for each client.
func NewDialer(opt *redis.UniversalOptions, src *entra.Source, opts *Options) (func(ctx context.Context, network, addr string) (net.Conn, error), error) {
	if opt == nil {
		return nil, ConfigureUniversal(nil, src, opts)
	}
	own := *opt
	if err := ConfigureUniversal(&own, src, opts); err != nil {
		return nil, err
	}
	return own.Dialer, nil
}

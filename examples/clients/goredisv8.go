package clients

import (
	"context"
	"net"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/go-redis/redis/v8"
)

// NewGoRedisV8 returns a client of go-redis v8 that stays logged in. dial connects to one address, with TLS: v8 does not
// use its TLSConfig and its DialTimeout beside a Dialer.
func NewGoRedisV8(src *entra.Source, addr string, dial func(ctx context.Context, network, addr string) (net.Conn, error)) *redis.Client {
	login := entraconn.NewDialer(src, &entraconn.Options{Library: "go-redis v8"})
	return redis.NewClient(&redis.Options{Addr: addr, Dialer: login.DialFunc(dial)})
}

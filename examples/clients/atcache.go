package clients

import (
	"context"
	"net"

	"github.com/entraredis/entraredis/core/entraconn"
)

// AtCache returns dial for a cluster: it dials each node at the host of the cache, host:port, and at the port that the
// cluster has announced. So no other host gets a token. Azure's nodes answer there.
func AtCache(cache string, dial func(ctx context.Context, network, addr string) (net.Conn, error)) func(ctx context.Context, network, addr string) (net.Conn, error) {
	node := entraconn.SeedHost(cache)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		return dial(ctx, network, node(addr))
	}
}

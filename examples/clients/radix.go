package clients

import (
	"context"
	"net"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/mediocregopher/radix/v4"
)

// RadixDialer returns what radix makes connections with, for a PoolConfig, a PubSubConfig or alone. They stay logged in.
// dial connects to one address, with TLS.
func RadixDialer(src *entra.Source, dial func(ctx context.Context, network, addr string) (net.Conn, error)) radix.Dialer {
	login := entraconn.NewDialer(src, &entraconn.Options{Library: "radix"}).DialFunc(dial)
	return radix.Dialer{NetDialer: netDialer(login)}
}

// A netDialer is a function in the form that radix asks for.
type netDialer func(ctx context.Context, network, addr string) (net.Conn, error)

func (d netDialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return d(ctx, network, addr)
}

package clients

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/valkey-io/valkey-go"
)

// NewValkey returns a valkey-go client that stays logged in. dial connects to one address, with TLS: valkey-go does not use
// its TLSConfig beside a DialCtxFn.
func NewValkey(src *entra.Source, opt valkey.ClientOption, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (valkey.Client, error) {
	login := entraconn.NewDialer(src, &entraconn.Options{Library: "valkey-go"}).DialFunc(dial)
	opt.DialCtxFn = func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
		return login(ctx, "tcp", addr)
	}
	return valkey.NewClient(opt)
}

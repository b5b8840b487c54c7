package entrarueidis

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A dialFunc is rueidis's, and gets the Dialer and the TLSConfig of its option.
type dialFunc = func(ctx context.Context, addr string, d *net.Dialer, cfg *tls.Config) (net.Conn, error)

// A dialer's method dial becomes DialCtxFn: by that Configure knows its own work again.
type dialer struct {
	login       *entraconn.Dialer
	rule        tlsonly.Rule
	custom      dialFunc            // the user's, or nil
	nodeAddress func(string) string // nil leaves addresses as they are
	nagle       bool
}

func (l *dialer) dial(ctx context.Context, addr string, d *net.Dialer, cfg *tls.Config) (net.Conn, error) {
	if l.nodeAddress != nil {
		addr = l.nodeAddress(addr)
	}
	var custom tlsonly.DialFunc
	if l.custom != nil {
		custom = func(ctx context.Context, _, addr string) (net.Conn, error) {
			return l.custom(ctx, addr, d, l.rule.Config(cfg, addr))
		}
	}
	return l.login.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := l.rule.Dial(ctx, custom, d, cfg, network, addr)
		if err == nil && custom == nil && l.nagle { // rueidis does it itself, but cannot see the TCP connection any more
			enableNagle(conn)
		}
		return conn, err
	})(ctx, "tcp", addr)
}

func enableNagle(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetNoDelay(false) // an optimisation, as in rueidis
	}
}

// Package tlsonly keeps access tokens off plaintext networks and away from servers that are not the
// cache's. A token is a bearer secret: an attacker who gets it can log in as the user, to every cache
// of that user, until it expires. Every adapter dials by the same [Rule].
package tlsonly

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/internal/plaintext"
)

// A DialFunc opens a connection, as [net.Dialer.DialContext] does.
type DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// A Rule says on which connections a token may be sent: those with TLS 1.2 or later to a server that was verified, and
// those that do not leave the machine.
type Rule struct {
	AllowPlaintext  bool
	AllowUnverified bool
	// Nodes says which hosts may be dialed. Nil is for a client that only dials what its user has written.
	Nodes *Nodes
	// ServerName is what a certificate is verified against where the address is an IP literal and the TLS
	// configuration names no server. Nodes of Azure's clusters are announced by address, and their
	// certificate names the host of the cache only. Empty leaves that to crypto/tls.
	ServerName string
	TLSField   string // the TLS setting as the client's users write it, for errors: "redis.Options.TLSConfig"
	DialField  string // the same for their own dial function
}

// handshakeTimeout bounds a handshake for which no timeout is set. It is the dial timeout of
// go-redis and rueidis.
const handshakeTimeout = 5 * time.Second

// Dial connects to addr: through custom if it is not nil, which then must have begun TLS itself, else with TLS
// unless cfg is nil. d.Timeout bounds connecting and the handshake together, or with custom a handshake that it
// left to be made, for which 0 stands for 5 seconds. cfg is not changed, see [Rule.Config].
func (r Rule) Dial(ctx context.Context, custom DialFunc, d *net.Dialer, cfg *tls.Config, network, addr string) (net.Conn, error) {
	if r.Nodes == nil {
		return r.dial(ctx, custom, d, cfg, network, addr)
	}
	if err := r.Nodes.Check(addr); err != nil {
		return nil, err
	}
	conn, err := r.dial(ctx, custom, d, cfg, network, addr)
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, r.Nodes.Explain(addr, err)
	}
	return conn, err
}

// dial is Dial for an address that may be dialed.
func (r Rule) dial(ctx context.Context, custom DialFunc, d *net.Dialer, cfg *tls.Config, network, addr string) (net.Conn, error) {
	if custom != nil {
		conn, err := custom(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if err := r.checkConn(ctx, conn, cmp.Or(d.Timeout, handshakeTimeout), network, addr); err != nil {
			_ = conn.Close() // nothing was sent on it, and err says more
			return nil, err
		}
		return conn, nil
	}
	if err := r.checkAddr("address", network, addr, cfg, false); err != nil {
		return nil, err // a node that the server announced, the seeds were checked before
	}
	if cfg == nil {
		return r.DialPlain(ctx, d.DialContext, network, addr)
	}
	return (&tls.Dialer{NetDialer: d, Config: r.Config(cfg, addr)}).DialContext(ctx, network, addr)
}

// DialPlain dials without TLS an address that was found to be on this machine, and checks that it has led there: a name
// may lead elsewhere.
func (r Rule) DialPlain(ctx context.Context, dial DialFunc, network, addr string) (net.Conn, error) {
	conn, err := dial(ctx, network, addr)
	if err != nil || r.AllowPlaintext || plaintext.StaysHere(conn.RemoteAddr()) {
		return conn, err
	}
	remote := conn.RemoteAddr().String()
	_ = conn.Close() // nothing was sent on it
	return nil, &entra.ConfigError{Field: r.TLSField, Reason: "is nil, and " + addr + " has led to " + remote + ", so the token would cross the network in plain text; set it to &tls.Config{}, or set Options.AllowPlaintext"}
}

// Config returns a copy of cfg for addr: its MinVersion is TLS 1.2 at least, and its ServerName is r's where addr
// is an IP literal and cfg has none. Otherwise that stays empty, and tls.Dialer takes the host of addr. It returns
// nil for nil.
func (r Rule) Config(cfg *tls.Config, addr string) *tls.Config {
	if cfg == nil {
		return nil
	}
	cfg = cfg.Clone()
	cfg.MinVersion = max(cfg.MinVersion, tls.VersionTLS12)
	if hostname, _, err := net.SplitHostPort(addr); err == nil && cfg.ServerName == "" && isIP(hostname) {
		cfg.ServerName = r.ServerName
	}
	return cfg
}

// checkConn also makes a handshake that a dial function has left to be made. Only then the TLS
// version is known, and the handshake is bounded although clients pass contexts without a deadline.
func (r Rule) checkConn(ctx context.Context, conn net.Conn, timeout time.Duration, network, addr string) error {
	if _, ok := conn.(*entraconn.Conn); ok {
		return &entra.ConfigError{Field: r.DialField, Reason: "already logs in with Microsoft Entra; configure the options once only"}
	}
	if h, ok := conn.(interface{ HandshakeContext(context.Context) error }); ok {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		if err := h.HandshakeContext(ctx); err != nil {
			return err
		}
	}
	if c, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		if v := c.ConnectionState().Version; v != 0 && v < tls.VersionTLS12 {
			return &entra.ConfigError{Field: r.DialField, Reason: "returned a connection with " + tls.VersionName(v) + "; set tls.Config.MinVersion to tls.VersionTLS12"}
		}
		return nil
	}
	if r.AllowPlaintext || plaintext.IsSafe(conn, network, addr) {
		return nil
	}
	return &entra.ConfigError{Field: r.DialField, Reason: "returned a connection without TLS for " + addr + ", also if it only leads to a proxy on this machine; return a *tls.Conn or something else with ConnectionState, or set Options.AllowPlaintext"}
}

// Package tlsonly keeps access tokens off plaintext networks. A token is a bearer secret: whoever reads it on
// the way is the user until it expires. Every adapter dials by the same [Rule].
package tlsonly

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strings"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A DialFunc opens a connection, as [net.Dialer.DialContext] does.
type DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// A Rule says on which connections a token may be sent: those with TLS 1.2 or later, and those that do not leave
// the machine.
type Rule struct {
	AllowPlaintext bool
	// ServerName is what a certificate is verified against where the address is an IP literal and the TLS
	// configuration names no server. Nodes of Azure's clusters are announced by address, and their
	// certificate names the host of the cache only. Empty leaves that to crypto/tls.
	ServerName string
	TLSField   string // the TLS setting as the host's users write it, for errors: "redis.Options.TLSConfig"
	DialField  string // the same for their own dial function
}

// CheckAddrs says whether all of addrs may be dialed with cfg, before anything is dialed: they must be host:port or
// unix sockets, and on this machine if cfg is nil. field is where the user wrote them, network may be empty. What
// a dial function of the user makes of an address is its own affair; custom says that there is one.
func (r Rule) CheckAddrs(field, network string, addrs []string, cfg *tls.Config, custom bool) error {
	if len(addrs) == 0 {
		return &entra.ConfigError{Field: field, Reason: "is empty; set it to host:port of the cache"}
	}
	for _, addr := range addrs {
		if err := r.checkAddr(field, network, addr, cfg, custom); err != nil {
			return err
		}
	}
	return nil
}

func (r Rule) checkAddr(field, network, addr string, cfg *tls.Config, custom bool) error {
	if addr == "" {
		return &entra.ConfigError{Field: field, Reason: "is empty; set it to host:port of the cache"}
	}
	if network == "unix" || strings.HasPrefix(addr, "/") || custom {
		return nil
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return &entra.ConfigError{Field: field, Reason: "is not host:port; Azure Cache for Redis listens on port 6380, Azure Managed Redis on 10000"}
	}
	if cfg == nil && !r.AllowPlaintext && !Local(addr) {
		return &entra.ConfigError{Field: r.TLSField, Reason: "is nil, so the token would cross the network to " + addr + " in plain text; set it to &tls.Config{}, or set Options.AllowPlaintext"}
	}
	return nil
}

// Dial connects to addr: through custom if it is not nil, which then must have done TLS itself, else with TLS
// unless cfg is nil. d.Timeout bounds connecting and the handshake together. cfg is not changed; a copy of it has
// MinVersion raised to TLS 1.2.
func (r Rule) Dial(ctx context.Context, custom DialFunc, d *net.Dialer, cfg *tls.Config, network, addr string) (net.Conn, error) {
	if custom != nil {
		conn, err := custom(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if err := r.checkConn(ctx, conn, addr); err != nil {
			_ = conn.Close() // nothing was sent on it, and err says more
			return nil, err
		}
		return conn, nil
	}
	if err := r.checkAddr("address", network, addr, cfg, false); err != nil {
		return nil, err // a node that the server announced, the seeds were checked before
	}
	if cfg == nil {
		return d.DialContext(ctx, network, addr)
	}
	cfg = cfg.Clone()
	cfg.MinVersion = max(cfg.MinVersion, tls.VersionTLS12)
	if host, _, err := net.SplitHostPort(addr); err == nil && cfg.ServerName == "" && isIP(host) {
		cfg.ServerName = r.ServerName // if empty, tls.Dialer takes the host of addr
	}
	return (&tls.Dialer{NetDialer: d, Config: cfg}).DialContext(ctx, network, addr)
}

// checkConn also makes a handshake that is still to come, so that ctx bounds it and its version is known.
func (r Rule) checkConn(ctx context.Context, conn net.Conn, addr string) error {
	if _, ok := conn.(*entraconn.Conn); ok {
		return &entra.ConfigError{Field: r.DialField, Reason: "already logs in with Microsoft Entra; configure the options once only"}
	}
	if h, ok := conn.(interface{ HandshakeContext(context.Context) error }); ok {
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
	if r.AllowPlaintext || local(conn.RemoteAddr(), addr) {
		return nil
	}
	return &entra.ConfigError{Field: r.DialField, Reason: "returned a connection without TLS to " + addr + "; return a *tls.Conn or something else with ConnectionState, or set Options.AllowPlaintext"}
}

// local goes by where the connection led. Only an address that says nothing, as from an in-memory network,
// leaves it at what was dialed.
func local(remote net.Addr, dialed string) bool {
	switch a := remote.(type) {
	case *net.UnixAddr:
		return true
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	}
	return Local(dialed)
}

// Local reports whether addr is a unix socket or on the loopback interface.
func Local(addr string) bool {
	if strings.HasPrefix(addr, "/") {
		return true
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// SeedHost returns the host that all the seeds have in common, or "" if there are several, or if it is an IP
// literal: then nobody knows which name a certificate should have.
func SeedHost(seeds []string) string {
	common := ""
	for i, seed := range seeds {
		host, _, err := net.SplitHostPort(seed)
		if err != nil || isIP(host) || i > 0 && host != common {
			return ""
		}
		common = host
	}
	return common
}

// Package plaintext tells the connections on which a token would cross a network in plain text.
package plaintext

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
)

// IsSafe reports whether a token may go over conn, which a dial of addr has returned: it has TLS, or both addr and the
// other end are on this machine. The other end alone says too little, because it may be a proxy to another machine, and so
// does a name such as localhost, which may lead elsewhere.
func IsSafe(conn net.Conn, network, addr string) bool {
	return HasTLS(conn) || IsLocal(network, addr) && StaysHere(conn.RemoteAddr())
}

// HasTLS reports whether conn is a [*tls.Conn], or something else that says what was negotiated.
func HasTLS(conn net.Conn) bool {
	_, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	return ok
}

// IsLocal reports whether addr is a unix socket or on the loopback interface, where an empty host leads too.
func IsLocal(network, addr string) bool {
	if network == "unix" || strings.HasPrefix(addr, "/") {
		return true
	}
	hostname, _, err := net.SplitHostPort(addr)
	return err == nil && IsLoopback(hostname)
}

// IsLoopback reports whether a host is localhost, a loopback address, or empty.
func IsLoopback(hostname string) bool {
	if hostname == "" || strings.EqualFold(strings.TrimSuffix(hostname, "."), "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(hostname)
	return err == nil && ip.Unmap().IsLoopback()
}

// StaysHere reports whether remote is on this machine. It also reports true for an address of a kind that does not say, as
// that of an in-memory network.
func StaysHere(remote net.Addr) bool {
	if remote == nil {
		return true
	}
	_, _, err := net.SplitHostPort(remote.String())
	return err != nil || IsLocal(remote.Network(), remote.String())
}

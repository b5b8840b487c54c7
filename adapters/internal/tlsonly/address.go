package tlsonly

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/internal/plaintext"
)

// CheckTLS says whether cfg, which may be nil, allows TLS 1.2 and verifies the server. custom says that the user has set
// a dial function, which answers for whom it connects to.
func (r Rule) CheckTLS(cfg *tls.Config, custom bool) error {
	switch {
	case cfg == nil:
		return nil
	case cfg.MaxVersion != 0 && cfg.MaxVersion < tls.VersionTLS12:
		return &entra.ConfigError{Field: r.TLSField + ".MaxVersion", Reason: "is " + tls.VersionName(cfg.MaxVersion) + ", but tokens are sent with TLS 1.2 or later; remove it"}
	case cfg.InsecureSkipVerify && cfg.VerifyPeerCertificate == nil && cfg.VerifyConnection == nil && !r.AllowUnverified && !custom:
		return &entra.ConfigError{Field: r.TLSField + ".InsecureSkipVerify", Reason: "is set, so any server could get the token; remove it, verify the server in VerifyConnection, or set Options.AllowUnverified"}
	}
	return nil
}

// CheckAddrs says whether all of addrs may be dialed with cfg, before anything is dialed: they must
// be host:port or unix sockets, and on this machine if cfg is nil. field is where the user wrote
// them. An empty network stands for unix where the address begins with a slash, else for tcp.
// custom says that the user has set a dial function, which may interpret addresses in its own way.
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
	socket := strings.HasPrefix(addr, "/")
	switch {
	case addr == "":
		return &entra.ConfigError{Field: field, Reason: "is empty; set it to host:port of the cache"}
	case custom, network == "unix", network == "" && socket:
		return nil
	case socket:
		return &entra.ConfigError{Field: field, Reason: "is a unix socket, which the library dials only through a dial function of yours; set one, or use host:port"}
	case !isHostPort(addr):
		return &entra.ConfigError{Field: field, Reason: "is not host:port with a port from 1 to 65535; Azure Cache for Redis listens on port 6380, Azure Managed Redis on 10000"}
	case cfg == nil && !r.AllowPlaintext && !Local(network, addr):
		return &entra.ConfigError{Field: r.TLSField, Reason: "is nil, so the token would cross the network to " + addr + " in plain text; set it to &tls.Config{}, or set Options.AllowPlaintext"}
	}
	return nil
}

// isHostPort is stricter than the net package, which looks names of ports up and takes none for 0: both fail, but
// only with the first dial.
func isHostPort(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil || strings.ContainsAny(addr, " \t\r\n") {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// Local reports whether addr is a unix socket or on the loopback interface, where an empty host leads too.
func Local(network, addr string) bool { return plaintext.IsLocal(network, addr) }

func isIP(hostname string) bool {
	_, err := netip.ParseAddr(hostname)
	return err == nil
}

// SeedHost returns the host that all the seeds have in common, or "" if there are several, or if it
// is an IP literal, because then it is unknown which name a certificate should have.
func SeedHost(seeds []string) string {
	if common := commonHost(seeds); !isIP(common) {
		return common
	}
	return ""
}

// commonHost returns the host that all the seeds have in common, or "" if there are several.
func commonHost(seeds []string) string {
	common := ""
	for i, seed := range seeds {
		hostname, _, err := net.SplitHostPort(seed)
		if err != nil || i > 0 && !strings.EqualFold(hostname, common) {
			return ""
		}
		common = hostname
	}
	return common
}

package tlsonly

import (
	"errors"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/internal/plaintext"
)

// Nodes says which hosts of a cluster may get the token. The server announces them, in MOVED, ASK, CLUSTER SLOTS and the
// like, and a token opens every cache of its user. So a host that is announced by its name must belong to a seed. One that
// is announced by its IP address is verified against the seed's name instead, see [Rule].
type Nodes struct {
	Seeds   []string               // addresses that the user has written
	Trust   func(host string) bool // the user's, which widens what is trusted, or nil
	Options string                 // the adapter's options, as its users write them: "entragoredis.Options"
	Mapped  bool                   // the user maps announced addresses already

	mu    sync.Mutex
	named []string // addresses that a function of the user's has named last
}

// SetNamed has addresses count as seeds, instead of those of the call before.
func (n *Nodes) SetNamed(addrs []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.named = addrs
}

// seeds returns the addresses that the user has written or named.
func (n *Nodes) seeds() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Concat(n.Seeds, n.named)
}

// Check refuses an address whose host must not get the token.
func (n *Nodes) Check(addr string) error {
	node := hostOf(addr)
	if isIP(node) || strings.HasPrefix(addr, "/") {
		return nil
	}
	for _, seed := range n.seeds() {
		if addr == seed || belongs(node, hostOf(seed)) {
			return nil
		}
	}
	if n.Trust != nil && n.Trust(node) {
		return nil
	}
	return &entra.ConfigError{Field: n.Options + ".TrustNode", Reason: "does not trust " + node + ", which the cluster announced and which does not belong to " +
		"a seed; have it return true if that host may get the token, or dial all nodes at the seed's host with NodeAddress: " + n.seedHost()}
}

// Explain adds to the error of a dial, if the cluster announced the address, what to do if it cannot be reached.
func (n *Nodes) Explain(addr string, err error) error {
	node := hostOf(addr)
	isSeed := func(seed string) bool { return addr == seed || node == hostOf(seed) }
	if n.Mapped || errors.As(err, new(*entra.ConfigError)) || slices.ContainsFunc(n.seeds(), isSeed) {
		return err
	}
	announced := &announcedError{err: err, advice: "the cluster announced this address; if it cannot be reached from here, set " +
		n.Options + ".NodeAddress to " + n.seedHost()}
	var ne net.Error
	if errors.As(err, &ne) {
		return &announcedNetError{announced, ne}
	}
	return announced
}

// seedHost returns what to write for NodeAddress.
func (n *Nodes) seedHost() string {
	if len(n.Seeds) == 0 {
		return "entraconn.SeedHost of the cache's host:port"
	}
	return `entraconn.SeedHost("` + n.Seeds[0] + `")`
}

// An announcedError is the error of a dial of an address that the cluster announced. It unwraps in the form for several
// errors, because some clients return what an error unwraps to instead of the error itself.
type announcedError struct {
	err    error
	advice string
}

func (e *announcedError) Error() string   { return e.err.Error() + "; " + e.advice }
func (e *announcedError) Unwrap() []error { return []error{e.err} }

// An announcedNetError is an announcedError of a [net.Error], for clients that ask for one. Other errors must not be one:
// go-redis retries what has a method Timeout.
type announcedNetError struct {
	*announcedError
	net net.Error
}

func (e *announcedNetError) Timeout() bool { return e.net.Timeout() }

// Temporary is deprecated in [net.Error], and clients still call it.
func (e *announcedNetError) Temporary() bool {
	t, ok := e.net.(interface{ Temporary() bool })
	return ok && t.Temporary()
}

// hostOf returns the host of an address, as DNS compares names: the letters of ASCII in lower case, and without a trailing
// dot. What is an IP address only without that dot is a name, and keeps it. An address that is not host:port is all host: a
// dial function of the user's may have names of its own.
func hostOf(addr string) string {
	hostname, _, err := net.SplitHostPort(addr)
	if err != nil {
		hostname = addr
	}
	hostname = strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, hostname)
	if undotted := strings.TrimSuffix(hostname, "."); !isIP(undotted) {
		return undotted
	}
	return hostname
}

// belongs reports whether a token for seed may go to node, both as hostOf returns them.
func belongs(node, seed string) bool {
	isHere := func(hostname string) bool { return plaintext.IsLoopback(hostname) || strings.HasPrefix(hostname, "/") }
	switch {
	case node == seed:
		return true
	case isIP(seed) || isHere(seed):
		return isHere(node)
	case !isDomain(node) || !isDomain(seed):
		return false
	case isBelow(node, seed):
		return true
	}
	_, parent, _ := strings.Cut(seed, ".")
	_, nodeParent, _ := strings.Cut(node, ".")
	if nodeParent == parent && strings.Count(parent, ".") >= 2 {
		return true
	}
	return slices.ContainsFunc(azureSuffixes(), func(suffix string) bool { return isBelow(node, suffix) && isBelow(seed, suffix) })
}

func isBelow(node, domain string) bool { return strings.HasSuffix(node, "."+domain) }

// isDomain reports whether a host is a name of two labels or more, in the characters of DNS. A name of one label may be a
// top-level domain to a resolver, below which anyone can have a name, and other characters may mean another name to it.
func isDomain(hostname string) bool {
	labels := strings.Split(hostname, ".")
	for _, label := range labels {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return len(labels) >= 2
}

// azureSuffixes returns the domains of Azure's caches, in all clouds, as StackExchange.Redis knows them. Names below them,
// those of private links included, are given by Azure only.
func azureSuffixes() []string {
	return []string{
		"redis.cache.windows.net", "redis.cache.usgovcloudapi.net", "redis.cache.chinacloudapi.cn",
		"redis.azure.net", "redis.usgovcloudapi.net", "redis.chinacloudapi.cn",
		"redisenterprise.cache.azure.net",
	}
}

package tlsonly_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entra"
)

func TestTokenGoesToTheSeedsHostsOnly(t *testing.T) {
	const (
		classic  = "contoso.redis.cache.windows.net:6380"
		managed  = "contoso.westeurope.redis.azure.net:10000"
		own      = "cache.prod.corp.example:6380" // its parent has three labels
		short    = "cache.corp.example:6380"      // its parent has two
		twoParts = "corp.example:6380"
	)
	for _, test := range []struct {
		seed, node string
		want       bool
	}{
		{classic, "contoso.redis.cache.windows.net:15000", true},
		{classic, "CONTOSO.Redis.Cache.Windows.NET.:15000", true},
		{"Contoso.redis.cache.windows.net.:6380", classic, true},
		{classic, "node0.contoso.redis.cache.windows.net:15000", true},
		{classic, "other.redis.cache.windows.net:6380", true}, // Azure gives the names
		{classic, "contoso.privatelink.redis.cache.windows.net:6380", true},
		{classic, "redis.cache.windows.net:6380", false},
		{classic, "contoso.redis.cache.usgovcloudapi.net:6380", false},
		{classic, "contosoXredis.cache.windows.net:6380", false},
		{classic, "evilredis.cache.windows.net:6380", false},
		{classic, "contoso.redis.cache.windows.net.evil.example:6380", false},
		{classic, "evil.example:6380", false},
		{classic, "evil.cache.windows.net:6380", false},
		{classic, "evil.example..redis.cache.windows.net:6380", false},
		{classic, ".redis.cache.windows.net:6380", false},
		{classic, "evil.example\u3002x.redis.cache.windows.net:6380", false},
		{classic, "evil.example/x.redis.cache.windows.net:6380", false},
		{classic, "evil.example\x00.redis.cache.windows.net:6380", false},
		{classic, "evil.example%.redis.cache.windows.net:6380", false},
		{classic, "localhost:6380", false},
		{classic, ":6380", false},
		{classic, "evil:6380", false},
		{classic, "127.1:6380", false}, // some resolvers take it for an address
		{classic, "0x7f000001:6380", false},
		{managed, "node3.contoso.westeurope.redis.azure.net:8500", true},
		{managed, "other.northeurope.redis.azure.net:10000", true},
		{managed, "contoso.redis.cache.windows.net:6380", false},
		{"contoso.westeurope.redisenterprise.cache.azure.net:10000", "a.eastus.redisenterprise.cache.azure.net:1", true},
		{"contoso.redis.cache.chinacloudapi.cn:6380", "b.redis.cache.chinacloudapi.cn:6380", true},
		{"contoso.usgovvirginia.redis.usgovcloudapi.net:10000", "b.c.redis.usgovcloudapi.net:10000", true},
		{own, "other.prod.corp.example:6380", true},
		{own, "deep.other.prod.corp.example:6380", false},
		{own, "prod.corp.example:6380", false},
		{own, "other.test.corp.example:6380", false},
		{short, "other.corp.example:6380", false},
		{short, "node.cache.corp.example:6380", true},
		{twoParts, "node.corp.example:6380", true},
		{twoParts, "evil.example:6380", false},
		{"example.co.uk:6380", "evil.co.uk:6380", false},
		{"cache.example.co.uk:6380", "evil.co.uk:6380", false},
		{"cache.example.co.uk:6380", "node.example.co.uk:6380", true},
		{"cache:6380", "cache:6381", true},
		{"cache:6380", "evil.cache:6380", false}, // cache may be a top-level domain
		{"cache:6380", "other:6380", false},
		{"b\u00fccher.corp.example:6380", "b\u00fccher.CORP.example:6381", true},
		{"b\u00fccher.corp.example:6380", "b\u00dccher.corp.example:6381", false},
		{"cake.corp.example:6380", "ca\u212ae.corp.example:6381", false}, // the Kelvin sign, a capital k to Unicode
		{"b\u00fccher.corp.example:6380", "x.b\u00fccher.corp.example:6381", false},
		{"xn--bcher-kva.corp.example:6380", "x.xn--bcher-kva.corp.example:6381", true},
		// Addresses are verified against the seed's name.
		{classic, "10.0.0.4:6380", true},
		{classic, "[2001:db8::1]:6380", true},
		{classic, "[2001:DB8::1]:6380", true},
		{classic, "10.0.0.4.:6380", false}, // a name to resolvers
		{classic, "[fe80::1%eth0]:6380", true},
		{classic, "[::ffff:10.0.0.4]:6380", true},
		{"10.0.0.4:6380", "10.0.0.5:6380", true},
		{"10.0.0.4:6380", "localhost:6380", true},
		{"10.0.0.4:6380", "evil.example:6380", false},
		{"[fe80::1%eth0]:6380", "localhost:6380", true},
		{"localhost:6379", "127.0.0.1:6380", true},
		{"127.0.0.1:6379", "LOCALHOST.:6380", true},
		{":6379", "localhost:6380", true},
		{"localhost:6379", ":6380", true},
		{"localhost:6379", "evil.example:6380", false},
		{"localhost:6379", "evil.localhost:6380", false},
		{"/run/redis.sock", "localhost:6380", true},
		{"/run/redis.sock", "evil.example:6380", false},
		{"/run/redis.sock", "/run/redis.sock", true},
		{"redis.sock", "redis.sock", true}, // of a network that is unix, or of a dial function
		{"west", "east", false},
	} {
		nodes := &tlsonly.Nodes{Seeds: []string{"first.example.test:1", test.seed}, Options: "host.Options"}
		field := ""
		if !test.want {
			field = "host.Options.TrustNode"
		}
		checkField(t, test.seed+" announces "+test.node, nodes.Check(test.node), field)
	}
}

func TestTrustNodeWidensWhatIsTrusted(t *testing.T) {
	var asked []string
	nodes := &tlsonly.Nodes{Seeds: []string{"cache.test:1", "other.test:2"}, Options: "host.Options", Trust: func(node string) bool {
		asked = append(asked, node)
		return strings.HasSuffix(node, ".trusted.example")
	}}
	checkField(t, "trusted", nodes.Check("A.Trusted.Example.:6380"), "")
	err := nodes.Check("evil.example:6380")
	checkField(t, "not trusted", err, "host.Options.TrustNode")
	if !strings.Contains(err.Error(), "evil.example") || !strings.Contains(err.Error(), "host.Options.NodeAddress to entraconn.SeedHost") {
		t.Errorf("%v does not say which host, and what to do", err)
	}
	checkField(t, "seed", nodes.Check("other.test:3"), "")
	checkField(t, "address", nodes.Check("10.0.0.4:3"), "")
	if got := strings.Join(asked, " "); got != "a.trusted.example evil.example" {
		t.Errorf("TrustNode was asked for %s", got)
	}
}

func TestSeedHostTakesTheHostOfAllSeeds(t *testing.T) {
	for _, test := range []struct {
		seeds []string
		want  string // where a node at port 8500 is dialed; empty if it is refused
	}{
		{[]string{"cache.test:10000"}, "cache.test:8500"},
		{[]string{"cache.test:10000", "Cache.test:10001"}, "cache.test:8500"},
		{[]string{"10.0.0.4:10000"}, "10.0.0.4:8500"},
		{[]string{"[::1]:10000"}, "[::1]:8500"},
		{[]string{"a.test:10000", "b.test:10000"}, ""},
		{[]string{"/run/redis.sock"}, ""},
		{nil, ""},
	} {
		nodes := &tlsonly.Nodes{Seeds: test.seeds, Options: "host.Options"}
		err := nodes.UseSeedHost()
		if test.want == "" {
			checkField(t, strings.Join(test.seeds, " "), err, "host.Options.SeedHost")
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", test.seeds, err)
		} else if got := nodes.Address("10.1.2.3:8500"); got != test.want {
			t.Errorf("%v: %s is dialed, want %s", test.seeds, got, test.want)
		}
	}
	both := &tlsonly.Nodes{Seeds: []string{"cache.test:10000"}, Options: "host.Options", Address: strings.ToLower}
	checkField(t, "NodeAddress as well", both.UseSeedHost(), "host.Options.SeedHost")
}

func TestNodesThatTheUserNamesAreSeeds(t *testing.T) {
	nodes := &tlsonly.Nodes{Options: "host.Options"}
	checkField(t, "before", nodes.Check("a.example:6380"), "host.Options.TrustNode")
	nodes.SetNamed([]string{"a.example:6380"})
	checkField(t, "named", nodes.Check("a.example:6380"), "")
	nodes.SetNamed([]string{"b.example:6380"})
	checkField(t, "named no more", nodes.Check("a.example:6380"), "host.Options.TrustNode")
}

func TestUntrustedNodeIsNotDialed(t *testing.T) {
	guarded := rule
	guarded.Nodes = &tlsonly.Nodes{Seeds: []string{"cache.test:6380"}, Options: "host.Options"}
	never := func(context.Context, string, string) (net.Conn, error) {
		t.Error("was dialed")
		return nil, errors.New("never")
	}
	for name, custom := range map[string]tlsonly.DialFunc{"own dial": nil, "the user's": never} {
		_, err := guarded.Dial(t.Context(), custom, &net.Dialer{}, &tls.Config{}, "tcp", "evil.example:6380")
		checkField(t, name, err, "host.Options.TrustNode")
	}
}

// The error of a dial says what to do about an address that the cluster announced, and nothing more about one that the
// user wrote.
func TestDialErrorOfAnAnnouncedAddressNamesSeedHost(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	timeout := &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	nodes := func() *tlsonly.Nodes {
		return &tlsonly.Nodes{Seeds: []string{"cache.test:10000"}, Options: "host.Options"}
	}
	for _, test := range []struct {
		name, addr string
		nodes      *tlsonly.Nodes
		err        error
		explained  bool
	}{
		{"announced", "10.1.2.3:8500", nodes(), refused, true},
		{"announced, without an answer", "10.1.2.3:8500", nodes(), timeout, true},
		{"announced by name", "node.cache.test:8500", nodes(), refused, true},
		{"end of the dial's time", "10.1.2.3:8500", nodes(), context.DeadlineExceeded, true},
		{"another certificate", "10.1.2.3:8500", nodes(), &tls.CertificateVerificationError{Err: errors.New("another name")}, true},
		{"seed", "cache.test:10000", nodes(), refused, false},
		{"another port of the seed", "CACHE.test:8500", nodes(), refused, false},
		{"mapped already", "10.1.2.3:8500", &tlsonly.Nodes{Seeds: []string{"cache.test:10000"}, Address: strings.ToLower}, refused, false},
		{"no cluster", "10.1.2.3:8500", nil, refused, false},
	} {
		guarded := rule
		guarded.Nodes = test.nodes
		dial := func(context.Context, string, string) (net.Conn, error) { return nil, test.err }
		_, err := guarded.Dial(t.Context(), dial, &net.Dialer{}, nil, "tcp", test.addr)
		if !test.explained {
			if err != test.err { //nolint:errorlint // clients compare the error itself
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if !errors.Is(err, test.err) || !strings.HasPrefix(err.Error(), test.err.Error()+"; ") || !strings.Contains(err.Error(), "host.Options.SeedHost to true") {
			t.Errorf("%s: %v", test.name, err)
		}
		if errors.Unwrap(err) != nil {
			t.Errorf("%s: unwraps to %v, which says less", test.name, errors.Unwrap(err))
		}
		_, want := test.err.(net.Error)                                                            // as clients ask
		if ne, is := err.(net.Error); is != want || is && ne.Timeout() != os.IsTimeout(test.err) { // as clients ask
			t.Errorf("%s: a %T stands for a %T", test.name, err, test.err)
		}
	}
	_, err := rule.Dial(t.Context(), nil, &net.Dialer{}, nil, "tcp", "10.0.0.1:6380")
	if config := (*entra.ConfigError)(nil); !errors.As(err, &config) {
		t.Errorf("%v", err)
	}
	guarded := rule
	guarded.Nodes = nodes()
	if _, err := guarded.Dial(t.Context(), nil, &net.Dialer{}, nil, "tcp", "10.0.0.1:6380"); strings.Contains(err.Error(), "SeedHost") {
		t.Errorf("an address that must not be dialed: %v", err)
	}
}

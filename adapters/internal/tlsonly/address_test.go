package tlsonly_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entratest"
)

func TestRefusesPlaintextToOtherMachines(t *testing.T) {
	open := rule
	open.AllowPlaintext = true
	for _, test := range []struct {
		addr, network string
		rule          tlsonly.Rule
		cfg           *tls.Config
		custom        bool
		field         string // of the ConfigError
	}{
		{addr: "", field: "host.Addr"},
		{addr: "", custom: true, field: "host.Addr"},
		{addr: "cache.test", cfg: &tls.Config{}, field: "host.Addr"},
		{addr: "cache.test:6380", field: "host.TLSConfig"},
		{addr: "10.0.0.1:6380", field: "host.TLSConfig"},
		{addr: "[2001:db8::1]:6380", field: "host.TLSConfig"},
		{addr: "localhost.cache.test:6380", field: "host.TLSConfig"},
		{addr: "cache.test:6380", cfg: &tls.Config{}},
		{addr: "cache.test:6380", rule: open},
		{addr: "cache.test:6380", custom: true}, // the connection is looked at
		{addr: "cache.test:", cfg: &tls.Config{}, field: "host.Addr"},
		{addr: "cache.test:redis", cfg: &tls.Config{}, field: "host.Addr"},
		{addr: "cache.test:0", cfg: &tls.Config{}, field: "host.Addr"},
		{addr: "cache.test:99999", cfg: &tls.Config{}, field: "host.Addr"},
		{addr: "cache.test:-1", cfg: &tls.Config{}, field: "host.Addr"},
		{addr: "cache.test:6380 ", cfg: &tls.Config{}, field: "host.Addr"},
		{addr: " cache.test:6380", cfg: &tls.Config{}, field: "host.Addr"},
		{addr: "localhost:", field: "host.Addr"},
		{addr: "cache.test:redis", custom: true},
		{addr: "/run/redis.sock", network: "tcp", field: "host.Addr"}, // where the library has no unix sockets
		{addr: "/run/redis.sock", network: "tcp", custom: true},
		{addr: ":6379"},
		{addr: "localhost:6379"},
		{addr: "LocalHost:6379"},
		{addr: "127.0.0.1:6379"},
		{addr: "127.8.8.8:6379"},
		{addr: "[::1]:6379"},
		{addr: "[::ffff:127.0.0.1]:6379"},
		{addr: "/run/redis.sock"},
		{addr: "redis.sock", network: "unix"},
	} {
		if test.rule == (tlsonly.Rule{}) {
			test.rule = rule
		}
		err := test.rule.CheckAddrs("host.Addr", test.network, []string{test.addr}, test.cfg, test.custom)
		checkField(t, test.addr, err, test.field)
	}
	checkField(t, "no address", rule.CheckAddrs("host.Addrs", "", nil, &tls.Config{}, false), "host.Addrs")
	for version, field := range map[uint16]string{0: "", tls.VersionTLS11: "host.TLSConfig.MaxVersion", tls.VersionTLS12: ""} {
		checkField(t, tls.VersionName(version), rule.CheckTLS(&tls.Config{MaxVersion: version}, false), field)
	}
	checkField(t, "no TLS configuration", rule.CheckTLS(nil, false), "")
	// A node that the cluster announces is held to the same.
	_, err := rule.Dial(t.Context(), nil, &net.Dialer{}, nil, "tcp", "10.0.0.1:6380")
	checkField(t, "announced node", err, "host.TLSConfig")
}

func TestRefusesToSendTokensToServersThatAreNotVerified(t *testing.T) {
	const field = "host.TLSConfig.InsecureSkipVerify"
	open := rule
	open.AllowUnverified = true
	byPeer := func([][]byte, [][]*x509.Certificate) error { return nil }
	byConnection := func(tls.ConnectionState) error { return nil }
	for name, test := range map[string]struct {
		rule   tlsonly.Rule
		cfg    *tls.Config
		custom bool
		field  string
	}{
		"not verified":             {rule, &tls.Config{InsecureSkipVerify: true}, false, field},
		"not verified, for a name": {rule, &tls.Config{InsecureSkipVerify: true, ServerName: "cache.test"}, false, field},
		"allowed":                  {open, &tls.Config{InsecureSkipVerify: true}, false, ""},
		"the user's dial function": {rule, &tls.Config{InsecureSkipVerify: true}, true, ""},
		"VerifyPeerCertificate":    {rule, &tls.Config{InsecureSkipVerify: true, VerifyPeerCertificate: byPeer}, false, ""},
		"VerifyConnection":         {rule, &tls.Config{InsecureSkipVerify: true, VerifyConnection: byConnection}, false, ""},
		"verified":                 {rule, &tls.Config{}, false, ""},
		"old TLS all the same":     {open, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}, true, "host.TLSConfig.MaxVersion"},
	} {
		checkField(t, name, test.rule.CheckTLS(test.cfg, test.custom), test.field)
	}
}

// localhost is a name, and a resolver may know another address for it.
func TestPlaintextToANameThatLeadsElsewhere(t *testing.T) {
	network := entratest.NewNetwork()
	for _, addr := range []string{"localhost:6379", "127.0.0.1:6379"} {
		listener, err := network.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
	}
	var dialed net.Conn
	dial := func(ctx context.Context, nw, addr string) (conn net.Conn, err error) {
		dialed, err = network.DialContext(ctx, nw, addr) // which gives each name an address of its own in 10.0.0.0/8
		return dialed, err
	}
	_, err := rule.DialPlain(t.Context(), dial, "tcp", "localhost:6379")
	checkField(t, "localhost elsewhere", err, "host.TLSConfig")
	if !strings.Contains(err.Error(), "localhost:6379 has led to 10.") {
		t.Errorf("%v does not say where", err)
	}
	if _, err := dialed.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection was not closed: %v", err)
	}
	open := rule
	open.AllowPlaintext = true
	for name, test := range map[string]struct {
		rule tlsonly.Rule
		addr string
	}{"allowed": {open, "localhost:6379"}, "here": {rule, "127.0.0.1:6379"}} {
		conn, err := test.rule.DialPlain(t.Context(), dial, "tcp", test.addr)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_ = conn.Close()
	}
}

func TestSeedHostIsTheOneThatAllHave(t *testing.T) {
	for _, test := range []struct {
		seeds []string
		want  string
	}{
		{nil, ""},
		{[]string{"cache.test:10000"}, "cache.test"},
		{[]string{"cache.test:10000", "cache.test:10001"}, "cache.test"},
		{[]string{"Cache.test:10000", "cache.test:10001"}, "cache.test"},
		{[]string{"a.test:10000", "b.test:10000"}, ""},
		{[]string{"10.0.0.1:10000"}, ""},
		{[]string{"cache.test"}, ""},
	} {
		if got := tlsonly.SeedHost(test.seeds); got != test.want {
			t.Errorf("%v: %q, want %q", test.seeds, got, test.want)
		}
	}
}

package tlsonly_test

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
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
		checkField(t, tls.VersionName(version), rule.CheckTLS(&tls.Config{MaxVersion: version}), field)
	}
	checkField(t, "no TLS configuration", rule.CheckTLS(nil), "")
	// A node that the cluster announces is held to the same.
	_, err := rule.Dial(t.Context(), nil, &net.Dialer{}, nil, "tcp", "10.0.0.1:6380")
	checkField(t, "announced node", err, "host.TLSConfig")
}

func TestSeedHostIsTheOneThatAllHave(t *testing.T) {
	for _, test := range []struct {
		seeds []string
		want  string
	}{
		{nil, ""},
		{[]string{"cache.test:10000"}, "cache.test"},
		{[]string{"cache.test:10000", "cache.test:10001"}, "cache.test"},
		{[]string{"a.test:10000", "b.test:10000"}, ""},
		{[]string{"10.0.0.1:10000"}, ""},
		{[]string{"cache.test"}, ""},
	} {
		if got := tlsonly.SeedHost(test.seeds); got != test.want {
			t.Errorf("%v: %q, want %q", test.seeds, got, test.want)
		}
	}
}

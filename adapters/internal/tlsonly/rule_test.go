package tlsonly_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

var rule = tlsonly.Rule{TLSField: "host.TLSConfig", DialField: "host.Dialer"}

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
	// A node that the cluster announces is held to the same.
	_, err := rule.Dial(t.Context(), nil, &net.Dialer{}, nil, "tcp", "10.0.0.1:6380")
	checkField(t, "announced node", err, "host.TLSConfig")
}

func checkField(t *testing.T, what string, err error, field string) {
	t.Helper()
	config := (*entra.ConfigError)(nil)
	switch {
	case field == "" && err != nil:
		t.Errorf("%q: %v", what, err)
	case field != "" && (!errors.As(err, &config) || config.Field != field):
		t.Errorf("%q: %v, want a *ConfigError for %s", what, err, field)
	}
}

func TestVerifiesAddressesAgainstTheSeedsName(t *testing.T) {
	server, client, err := entratest.TLSConfigs("cache.test")
	if err != nil {
		t.Fatal(err)
	}
	addr := serve(t, server)
	if _, err := rule.Dial(t.Context(), nil, &net.Dialer{}, client, "tcp", addr); !errors.As(err, new(x509.HostnameError)) {
		t.Errorf("a certificate for another name: %v", err)
	}
	seeded := rule
	seeded.ServerName = "cache.test"
	conn, err := seeded.Dial(t.Context(), nil, &net.Dialer{}, client, "tcp", addr)
	if err != nil {
		t.Fatalf("the name of the seeds was not used: %v", err)
	}
	_ = conn.Close()
	own := client.Clone()
	own.ServerName = "other.test"
	if _, err := seeded.Dial(t.Context(), nil, &net.Dialer{}, own, "tcp", addr); !errors.As(err, new(x509.HostnameError)) {
		t.Errorf("the user's ServerName was not used: %v", err)
	}
	if client.ServerName != "" {
		t.Error("the user's TLS configuration was changed")
	}
}

func TestSpeaksTLS12AtLeast(t *testing.T) {
	server, client, err := entratest.TLSConfigs()
	if err != nil {
		t.Fatal(err)
	}
	server.MinVersion, server.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	client.MinVersion = tls.VersionTLS10
	addr := serve(t, server)
	if _, err := rule.Dial(t.Context(), nil, &net.Dialer{}, client, "tcp", addr); err == nil {
		t.Error("dialed with TLS 1.1")
	}
	if client.MinVersion != tls.VersionTLS10 {
		t.Error("the user's TLS configuration was changed")
	}
	_, err = rule.Dial(t.Context(), func(context.Context, string, string) (net.Conn, error) {
		return tls.Dial("tcp", addr, client)
	}, nil, nil, "tcp", addr)
	checkField(t, "a dial function that allows TLS 1.1", err, "host.Dialer")
}

func TestTimeoutAndContextBoundTheHandshake(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the backlog, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	addr := silent.Addr().String()
	if _, err = rule.Dial(t.Context(), nil, &net.Dialer{Timeout: time.Millisecond}, &tls.Config{}, "tcp", addr); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Dialer.Timeout: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err = rule.Dial(ctx, nil, &net.Dialer{}, &tls.Config{}, "tcp", addr); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("context: %v", err)
	}
	_, err = rule.Dial(ctx, func(context.Context, string, string) (net.Conn, error) {
		conn, err := net.Dial("tcp", addr)
		return tls.Client(conn, &tls.Config{ServerName: "cache.test"}), err // which has not shaken hands yet
	}, nil, nil, "tcp", addr)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("context, with a dial function: %v", err)
	}
}

func TestChecksWhatADialFunctionReturns(t *testing.T) {
	source, err := entra.NewSource(entratest.NewSTS(nil).Credential(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	wrapped := entraconn.NewDialer(source, nil).Wrap(&fake{remote: &net.TCPAddr{IP: net.IPv6loopback}})
	remote := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 6380}
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 6379}
	for name, test := range map[string]struct {
		conn net.Conn
		addr string
		ok   bool
	}{
		"plain, away":            {&fake{remote: remote}, "cache.test:6380", false},
		"plain, through a proxy": {&fake{remote: loopback}, "cache.test:6380", true},
		"plain, loopback mapped": {&fake{remote: remote}, "localhost:6379", false},
		"plain, unix socket":     {&fake{remote: &net.UnixAddr{Name: "/run/redis.sock", Net: "unix"}}, "redis", true},
		"in memory, away":        {&fake{}, "cache.test:6380", false},
		"in memory, local":       {&fake{}, "localhost:6380", true},
		"something with TLS 1.3": {&secure{fake{remote: remote}, tls.VersionTLS13}, "cache.test:6380", true},
		"something with TLS 1.1": {&secure{fake{remote: remote}, tls.VersionTLS11}, "cache.test:6380", false},
		"logs in already":        {wrapped, "localhost:6379", false},
	} {
		dial := func(context.Context, string, string) (net.Conn, error) { return test.conn, nil }
		conn, err := rule.Dial(t.Context(), dial, nil, nil, "tcp", test.addr)
		if test.ok && (err != nil || conn != test.conn) {
			t.Errorf("%s: %v", name, err)
		}
		if test.ok {
			continue
		}
		checkField(t, name, err, "host.Dialer")
		if f, isFake := test.conn.(*fake); isFake && !f.closed {
			t.Errorf("%s: was not closed", name)
		}
	}
	failure := errors.New("no route")
	_, err = rule.Dial(t.Context(), func(context.Context, string, string) (net.Conn, error) { return nil, failure }, nil, nil, "tcp", "cache.test:6380")
	if err != failure { //nolint:errorlint // hosts look at the error itself
		t.Errorf("the error of the dial function became %v", err)
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
		{[]string{"a.test:10000", "b.test:10000"}, ""},
		{[]string{"10.0.0.1:10000"}, ""},
		{[]string{"cache.test"}, ""},
	} {
		if got := tlsonly.SeedHost(test.seeds); got != test.want {
			t.Errorf("%v: %q, want %q", test.seeds, got, test.want)
		}
	}
}

// serve accepts TLS connections until the test ends.
func serve(t *testing.T, cfg *tls.Config) string {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, conn) // shakes hands, until the client is gone
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String()
}

type fake struct {
	net.Conn
	remote net.Addr
	closed bool
}

func (f *fake) RemoteAddr() net.Addr { return f.remote }
func (f *fake) Close() error         { f.closed = true; return nil }

type secure struct {
	fake
	version uint16
}

func (s *secure) ConnectionState() tls.ConnectionState {
	return tls.ConnectionState{Version: s.version}
}

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
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/adapters/internal/tlsonly"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

var rule = tlsonly.Rule{TLSField: "host.TLSConfig", DialField: "host.Dialer"}

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
	}, &net.Dialer{}, nil, "tcp", addr)
	checkField(t, "a dial function that allows TLS 1.1", err, "host.Dialer")
}

func TestTimeoutAndContextBoundTheHandshake(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the backlog, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	addr := silent.Addr().String()
	// Well before a test that hangs is killed, so that it says why.
	guard, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err = rule.Dial(guard, nil, &net.Dialer{Timeout: time.Millisecond}, &tls.Config{}, "tcp", addr); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Dialer.Timeout: %v", err)
	}
	lazy := func(context.Context, string, string) (net.Conn, error) {
		conn, err := net.Dial("tcp", addr)
		return tls.Client(conn, &tls.Config{ServerName: "cache.test"}), err // which has not shaken hands yet
	}
	began := time.Now()
	if _, err = rule.Dial(guard, lazy, &net.Dialer{Timeout: time.Millisecond}, nil, "tcp", addr); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 4*time.Second {
		t.Errorf("Dialer.Timeout, with a dial function: %v after %v", err, time.Since(began))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err = rule.Dial(ctx, nil, &net.Dialer{}, &tls.Config{}, "tcp", addr); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("context: %v", err)
	}
	if _, err = rule.Dial(ctx, lazy, &net.Dialer{}, nil, "tcp", addr); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("context, with a dial function: %v", err)
	}
}

func TestBoundsAHandshakeWithoutADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := entratest.NewNetwork()
		listener, err := network.Listen("cache.test:6380")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		lazy := func(ctx context.Context, nw, addr string) (net.Conn, error) {
			conn, err := network.DialContext(ctx, nw, addr)
			return tls.Client(conn, &tls.Config{ServerName: "cache.test"}), err
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		_, err = rule.Dial(ctx, lazy, &net.Dialer{}, nil, "tcp", "cache.test:6380")
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 5*time.Second {
			t.Errorf("%v after %v, want the end of a timeout of 5 seconds", err, took)
		}
	})
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
	unix := &net.UnixAddr{Name: "/run/redis.sock", Net: "unix"}
	for name, test := range map[string]struct {
		conn net.Conn
		addr string
		ok   bool
	}{
		"plain, away":            {&fake{remote: remote}, "cache.test:6380", false},
		"plain, through a proxy": {&fake{remote: loopback}, "cache.test:6380", false},
		"plain, local":           {&fake{remote: loopback}, "localhost:6379", true},
		"plain, no host":         {&fake{remote: loopback}, ":6379", true},
		"plain, loopback mapped": {&fake{remote: remote}, "localhost:6379", false},
		"plain, unix socket":     {&fake{remote: unix}, "/run/redis.sock", true},
		"plain, unix sidecar":    {&fake{remote: unix}, "cache.test:6380", false},
		"in memory, away":        {&fake{}, "cache.test:6380", false},
		"in memory, local":       {&fake{}, "localhost:6380", true},
		"something with TLS 1.3": {&secure{fake{remote: remote}, tls.VersionTLS13}, "cache.test:6380", true},
		"something with TLS 1.1": {&secure{fake{remote: remote}, tls.VersionTLS11}, "cache.test:6380", false},
		"logs in already":        {wrapped, "localhost:6379", false},
	} {
		dial := func(context.Context, string, string) (net.Conn, error) { return test.conn, nil }
		conn, err := rule.Dial(t.Context(), dial, &net.Dialer{}, nil, "tcp", test.addr)
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
	_, err = rule.Dial(t.Context(), func(context.Context, string, string) (net.Conn, error) { return nil, failure }, &net.Dialer{}, nil, "tcp", "cache.test:6380")
	if err != failure { //nolint:errorlint // clients compare the error itself
		t.Errorf("the error of the dial function became %v", err)
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
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // for clients that wait where they should not
			_, _ = io.Copy(io.Discard, conn)                       // shakes hands, until the client is gone
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

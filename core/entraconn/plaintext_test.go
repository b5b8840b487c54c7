package entraconn_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"testing/synctest"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A recordingConn records what is written on it, and says where it leads.
type recordingConn struct {
	net.Conn
	remote  net.Addr
	written int
	closed  bool
}

func (c *recordingConn) Write(p []byte) (int, error) { c.written += len(p); return len(p), nil }
func (c *recordingConn) Close() error                { c.closed = true; return c.Conn.Close() }
func (c *recordingConn) RemoteAddr() net.Addr        { return c.remote }

// A secureConn says what a *tls.Conn says.
type secureConn struct{ *recordingConn }

func (secureConn) ConnectionState() tls.ConnectionState {
	return tls.ConnectionState{Version: tls.VersionTLS13}
}

func TestTokenGoesToOtherMachinesWithTLSOnly(t *testing.T) {
	away := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 4), Port: 6380}
	here := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 6379}
	for name, test := range map[string]struct {
		opts       *entraconn.Options
		addr       string
		remote     net.Addr
		secure     bool
		mayDial    bool // DialFunc returns the connection
		mayBeGiven bool // Wrap's connection writes
	}{
		"another machine":             {nil, "10.0.0.4:6380", away, false, false, false},
		"another machine, TLS":        {nil, "10.0.0.4:6380", away, true, true, true},
		"another machine, allowed":    {&entraconn.Options{AllowPlaintext: true}, "10.0.0.4:6380", away, false, true, true},
		"this machine":                {nil, "localhost:6379", here, false, true, true},
		"localhost elsewhere":         {nil, "localhost:6379", away, false, false, false},
		"a proxy on this machine":     {nil, "cache.test:6379", here, false, false, true}, // Wrap does not know what it is for
		"an unix socket":              {nil, "/run/redis.sock", &net.UnixAddr{Name: "/run/redis.sock", Net: "unix"}, false, true, true},
		"an address that says little": {nil, "localhost:6379", nil, false, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := mintedSource(t, nil)
				dialer := entraconn.NewDialer(src, test.opts)
				connect := func() (*recordingConn, net.Conn) {
					one, other := net.Pipe()
					t.Cleanup(func() { other.Close() })
					inner := &recordingConn{Conn: one, remote: test.remote}
					if test.secure {
						return inner, secureConn{inner}
					}
					return inner, inner
				}
				check := func(how string, inner *recordingConn, err error, may bool) {
					t.Helper()
					var config *entra.ConfigError
					refused := errors.As(err, &config)
					switch {
					case may && (err != nil || inner.written == 0):
						t.Errorf("%s: %v, %d bytes written", how, err, inner.written)
					case !may && (!refused || config.Field != "entraconn.Options.AllowPlaintext" || inner.written > 0 || !inner.closed):
						t.Errorf("%s: %v, %d bytes written, closed: %t", how, err, inner.written, inner.closed)
					}
				}

				inner, given := connect()
				c, err := dialer.DialFunc(func(context.Context, string, string) (net.Conn, error) { return given, nil })(t.Context(), "tcp", test.addr)
				if err == nil {
					_, err = c.Write(encode("PING"))
					c.Close()
				}
				check("DialFunc", inner, err, test.mayDial)

				inner, given = connect()
				wrapped := dialer.Wrap(given)
				_, err = wrapped.Write(encode("PING"))
				if !test.mayBeGiven {
					if _, readErr := wrapped.Read(make([]byte, 1)); readErr != err { //nolint:errorlint // the same
						t.Errorf("Wrap: Write returns %v, Read %v", err, readErr)
					}
				}
				wrapped.Close()
				check("Wrap", inner, err, test.mayBeGiven)
			})
		})
	}
}

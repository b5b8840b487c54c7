package entraconn_test

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// A singleToken credential returns the same token again and again, which has the password that the
// model server takes for ours.
type singleToken struct {
	life      time.Duration
	expiresOn time.Time
}

// minted returns a credential whose token lives for so long from the first request on.
func minted(life time.Duration) *singleToken { return &singleToken{life: life} }

func (c *singleToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if c.expiresOn.IsZero() {
		c.expiresOn = time.Now().Add(c.life)
	}
	// The model tells our AUTH by its password, so the token is opaque and the user name is given.
	return azcore.AccessToken{Token: modelserver.OurPassword, ExpiresOn: c.expiresOn}, nil
}

// mintedLogin is our AUTH with such a token.
var mintedLogin = string(encode("AUTH", "us", modelserver.OurPassword))

// A lastToken is a credential that has one token, which expires at that moment, and no newer one.
type lastToken time.Time

func (t lastToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: modelserver.OurPassword, ExpiresOn: time.Time(t)}, nil
}

// mintedSource returns a Source of such tokens that live for an hour.
func mintedSource(tb testing.TB, observer *entra.Observer) *entra.Source {
	tb.Helper()
	src, err := entra.NewSource(minted(time.Hour), &entra.Options{Username: "us", Observer: observer})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { src.Close() })
	return src
}

// A cutWriter is a connection below ours that takes a number of bytes of the next write, and then
// everything.
type cutWriter struct {
	net.Conn
	take   int // bytes of the next write, or -1 for all
	got    []byte
	silent bool // it returns no error when it takes less, which an io.Writer may not do
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if w.take < 0 {
		w.got = append(w.got, p...)
		return len(p), nil
	}
	n := min(w.take, len(p))
	w.got = append(w.got, p[:n]...)
	w.take = -1
	if n == len(p) || w.silent {
		return n, nil
	}
	return n, &net.OpError{Op: "write", Net: "tcp", Err: os.ErrDeadlineExceeded}
}

func (w *cutWriter) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 4), Port: 6379}
}
func (w *cutWriter) SetWriteDeadline(time.Time) error { return nil }
func (w *cutWriter) Close() error                     { return nil }

// A loop answers every write with one reply, without a network.
type loop struct {
	cutWriter
	reply  []byte
	writes int
	keeps  bool // it remembers what was written
}

func (l *loop) Write(p []byte) (int, error) {
	l.writes++
	if l.keeps {
		return l.cutWriter.Write(p)
	}
	return len(p), nil
}
func (l *loop) Read(p []byte) (int, error)      { return copy(p, l.reply), nil }
func (l *loop) SetReadDeadline(time.Time) error { return nil }
func (l *loop) SetDeadline(time.Time) error     { return nil }

func newLoop() *loop { return &loop{cutWriter: cutWriter{take: -1}} }

// loggedIn returns a connection over a loop that has logged in.
func loggedIn(tb testing.TB) *entraconn.Conn {
	inner := newLoop()
	return logIn(tb, inner, inner, nil)
}

// logIn is loggedIn for a connection that has the loop in it.
func logIn(tb testing.TB, inner net.Conn, l *loop, observer *entra.Observer) *entraconn.Conn {
	tb.Helper()
	const hello = "*2\r\n$2\r\nid\r\n:17\r\n"
	l.reply = []byte("+OK\r\n" + hello + "$5\r\nhello\r\n")
	c := entraconn.NewDialer(mintedSource(tb, observer), nil).Wrap(inner)
	tb.Cleanup(func() { c.Close() })
	if _, err := c.Write(modelserver.Encode("HELLO", "GET k")); err != nil {
		tb.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 100)); n != len(hello+"$5\r\nhello\r\n") || err != nil {
		tb.Fatal(n, err)
	}
	l.reply = []byte("$5\r\nhello\r\n")
	return c
}

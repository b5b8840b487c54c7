package entraconn

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// The server said why it does not let us in, and then more. The host gets what it said, and EOF.
func TestNothingIsReadBehindLastWords(t *testing.T) {
	src, err := entra.NewSource(minted(time.Hour), &entra.Options{Username: "us"})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	inner := &loop{reply: []byte("-LOADING to AUTH\r\n")}
	c := NewDialer(src, nil).Wrap(inner)
	defer c.Close()
	if _, err := c.Write(modelserver.Encode("GET k")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	if n, err := c.Read(got); string(got[:n]) != string(inner.reply) || err != nil {
		t.Errorf("%q, %v", got[:n], err)
	}
	inner.reply = []byte("-LOADING to GET\r\n")
	if n, err := c.Read(got); n > 0 || err != io.EOF {
		t.Errorf("and then %q, %v", got[:n], err)
	}
}

// dying returns EOF with what it reads, as TLS does when the end stands behind it already.
type dying struct{ net.Conn }

func (d dying) Read(p []byte) (n int, err error) {
	n, _ = d.Conn.Read(p)
	return n, io.EOF
}

func TestAnEndThatComesWithAReplyIsRemembered(t *testing.T) {
	c := loggedIn(t)
	if _, err := c.Write(modelserver.Encode("GET k")); err != nil {
		t.Fatal(err)
	}
	c.inner.Conn = dying{c.inner.Conn}
	if n, err := c.Read(make([]byte, 100)); n == 0 || err != io.EOF || !c.ending.begun() {
		t.Errorf("%d, %v, remembered: %+v", n, err, c.ending)
	}
}

func TestAConnectionThatHasEndedWritesNothing(t *testing.T) {
	gone := errors.New("gone")
	for _, tc := range []struct {
		end  func(*Conn)
		want error
	}{
		{func(c *Conn) { c.Close() }, net.ErrClosed},
		{func(c *Conn) { c.mu.Lock(); c.failLocked("server", gone); c.mu.Unlock() }, gone},
	} {
		c := loggedIn(t)
		inner := c.inner.Conn.(*loop)
		tc.end(c)
		wrote := inner.writes
		if _, err := c.Write(modelserver.Encode("GET k")); !errors.Is(err, tc.want) || inner.writes != wrote {
			t.Errorf("%v, and %d writes", err, inner.writes-wrote)
		}
	}
}

func TestDeadlinesBehindCloseAreErrors(t *testing.T) {
	c := loggedIn(t)
	c.inner.Conn = &refusing{Conn: c.inner.Conn}
	for range 2 {
		if err := c.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	for _, set := range []func(time.Time) error{c.SetDeadline, c.SetReadDeadline, c.SetWriteDeadline} {
		if err := set(time.Time{}); err != net.ErrClosed {
			t.Error(err)
		}
	}
}

// refusing says that it is closed, as sockets do.
type refusing struct {
	net.Conn
	closed bool
}

func (r *refusing) Close() error {
	r.closed = true
	return nil
}

func (r *refusing) deadline() error {
	if r.closed {
		return net.ErrClosed
	}
	return nil
}

func (r *refusing) SetDeadline(time.Time) error      { return r.deadline() }
func (r *refusing) SetReadDeadline(time.Time) error  { return r.deadline() }
func (r *refusing) SetWriteDeadline(time.Time) error { return r.deadline() }

// A read of nothing is none.
func TestReadsOfNothingGoOn(t *testing.T) {
	inner := &nothing{}
	c := logIn(t, inner, &inner.loop)
	inner.reads = 3
	buf := make([]byte, 100)
	if n, err := c.Read(buf); string(buf[:n]) != "$5\r\nhello\r\n" || err != nil {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

// nothing gives nothing in its next reads.
type nothing struct {
	loop
	reads int
}

func (n *nothing) Read(p []byte) (int, error) {
	if n.reads > 0 {
		n.reads--
		return 0, nil
	}
	return n.loop.Read(p)
}

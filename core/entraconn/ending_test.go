package entraconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// The server says why it refuses a connection, and then more. The client reads the reason, and then
// EOF.
func TestNothingIsReadAfterLastWords(t *testing.T) {
	inner := newLoop()
	inner.reply = []byte("-LOADING to AUTH\r\n")
	c := entraconn.NewDialer(mintedSource(t, nil), nil).Wrap(inner)
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

// dying returns EOF together with the bytes of its last read, as TLS does when the end has arrived
// already.
type dying struct {
	*loop
	dies bool
}

func (d *dying) Read(p []byte) (n int, err error) {
	if n, err = d.loop.Read(p); d.dies {
		err = io.EOF
	}
	return n, err
}

func TestAnEndThatComesWithAReplyIsReported(t *testing.T) {
	var closed []entra.ConnClosedInfo
	inner := &dying{loop: newLoop()}
	c := logIn(t, inner, inner.loop, &entra.Observer{
		ConnClosed: func(_ context.Context, i entra.ConnClosedInfo) { closed = append(closed, i) },
	})
	if _, err := c.Write(modelserver.Encode("GET k")); err != nil {
		t.Fatal(err)
	}
	inner.dies = true
	if n, err := c.Read(make([]byte, 100)); n == 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
	if c.Close(); len(closed) != 1 || closed[0].Reason != entra.CloseByServer || closed[0].Err != io.EOF {
		t.Errorf("the observer was told %+v", closed)
	}
}

func TestAConnectionThatHasEndedWritesNothing(t *testing.T) {
	t.Run("closed", func(t *testing.T) {
		inner := newLoop()
		c := logIn(t, inner, inner, nil)
		c.Close()
		wrote := inner.writes
		if _, err := c.Write(modelserver.Encode("GET k")); err != net.ErrClosed || inner.writes != wrote {
			t.Errorf("%v, and %d writes", err, inner.writes-wrote)
		}
	})
	t.Run("refused", func(t *testing.T) {
		inner := newLoop()
		inner.reply = []byte("-WRONGPASS no\r\n-NOAUTH\r\n")
		c := entraconn.NewDialer(mintedSource(t, nil), nil).Wrap(inner)
		defer c.Close()
		if _, err := c.Write(modelserver.Encode("GET k")); err != nil {
			t.Fatal(err)
		}
		_, refused := c.Read(make([]byte, 100))
		if _, ok := errors.AsType[*entra.AuthError](refused); !ok {
			t.Fatal(refused)
		}
		wrote := inner.writes
		if _, err := c.Write(modelserver.Encode("GET k")); err != refused || inner.writes != wrote {
			t.Errorf("%v, and %d writes", err, inner.writes-wrote)
		}
	})
}

func TestDeadlinesAfterCloseAreErrors(t *testing.T) {
	inner := newLoop()
	c := logIn(t, &refusing{Conn: inner}, inner, nil)
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

// refusing returns net.ErrClosed after Close, as sockets do.
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

// A Read that returns 0 bytes and no error does not end the connection.
func TestReadsOfNothingGoOn(t *testing.T) {
	inner := &nothing{loop: newLoop()}
	c := logIn(t, inner, inner.loop, nil)
	inner.reads = 3
	buf := make([]byte, 100)
	if n, err := c.Read(buf); string(buf[:n]) != "$5\r\nhello\r\n" || err != nil {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

// nothing returns 0 bytes from its next reads.
type nothing struct {
	*loop
	reads int
}

func (n *nothing) Read(p []byte) (int, error) {
	if n.reads > 0 {
		n.reads--
		return 0, nil
	}
	return n.loop.Read(p)
}

package entraconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// A server that serves no client says why, and then more. The client gets the reason from each call,
// and nothing else.
func TestConnOfAServerThatServesNoClientReturnsItsWords(t *testing.T) {
	inner := newLoop()
	inner.reply = []byte("-LOADING to AUTH\r\n")
	c := entraconn.NewDialer(mintedSource(t, nil), nil).Wrap(inner)
	defer c.Close()
	if _, err := c.Write(modelserver.Encode("GET k")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	for range 2 {
		n, err := c.Read(got)
		var busy *entra.AuthError
		ok := errors.As(err, &busy)
		if n > 0 || !ok || !busy.Temporary() || busy.User != "us" || !strings.HasPrefix(err.Error(), "LOADING to AUTH; entra: 127.0.0.4:6379 ") {
			t.Errorf("%q, %v", got[:n], err)
		}
		inner.reply = []byte("-LOADING to GET\r\n")
	}
	wrote := inner.writes
	if n, err := c.Write(modelserver.Encode("GET k")); n > 0 || !strings.HasPrefix(err.Error(), "LOADING to AUTH") || inner.writes > wrote {
		t.Errorf("wrote %d, %v", n, err)
	}
}

// A client that has pipelined its handshake reads the words in place of each reply, for it takes an
// error of the connection for a network that is gone. A client that has sent HELLO alone would take
// an error reply for a server without RESP3.
func TestPipelinedHandshakeGetsTheWordsAsReplies(t *testing.T) {
	for commands, replies := range map[string]int{
		"HELLO 3": 0, "HELLO 3, CLIENT ID": 2, "GET k, HELLO 3, GET k": 3, "GET k, GET k": 0,
		"HELLO 3, GET k, BLPOP k 0": 2, // the last one waits until HELLO was answered
	} {
		t.Run(commands, func(t *testing.T) {
			inner := newLoop()
			inner.reply = []byte("-LOADING now\r\n-NOAUTH\r\n")
			c := entraconn.NewDialer(mintedSource(t, nil), nil).Wrap(inner)
			defer c.Close()
			if _, err := c.Write(modelserver.Encode(strings.Split(commands, ", ")...)); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c)
			if want := strings.Repeat("-LOADING now\r\n", replies); string(got) != want {
				t.Errorf("read %q, want %q", got, want)
			}
			if err == nil || !strings.HasPrefix(err.Error(), "LOADING now; ") {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// With SeparateLogin the answer comes before the client has written anything.
func TestServerThatServesNoClientEndsASeparateLogin(t *testing.T) {
	inner := newLoop()
	inner.reply = []byte("-LOADING now\r\n")
	c := entraconn.NewDialer(mintedSource(t, nil), &entraconn.Options{SeparateLogin: true}).Wrap(inner)
	defer c.Close()
	if n, err := c.Write(modelserver.Encode("HELLO 3", "CLIENT ID")); n > 0 || err == nil || !strings.HasPrefix(err.Error(), "LOADING now; ") {
		t.Errorf("wrote %d, %v", n, err)
	}
	if n, err := c.Read(make([]byte, 100)); n > 0 || err == nil || !strings.HasPrefix(err.Error(), "LOADING now; ") {
		t.Errorf("read %d, %v", n, err)
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
	closed := make(chan entra.ConnClosedInfo, 10)
	inner := &dying{loop: newLoop()}
	c := logIn(t, inner, inner.loop, &entra.Observer{
		ConnClosed: func(_ context.Context, i entra.ConnClosedInfo) { closed <- i },
	})
	if _, err := c.Write(modelserver.Encode("GET k")); err != nil {
		t.Fatal(err)
	}
	inner.dies = true
	if n, err := c.Read(make([]byte, 100)); n == 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
	c.Close()
	if got := <-closed; got.Reason != entra.CloseByServer || got.Err != io.EOF {
		t.Errorf("the observer was told %+v", got)
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
		if !errors.As(refused, new(*entra.AuthError)) {
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

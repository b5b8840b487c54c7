package entraconn

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"

	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
)

func TestConnectionsThatCannotBeRenewedEndInOrder(t *testing.T) {
	for _, tc := range []struct {
		commands string
		inline   bool
		retired  bool
		why      session.Reason
	}{
		{commands: "HELLO 3, SUBSCRIBE a", why: session.Renewable},
		{commands: "MULTI, GET k", why: session.BecauseMulti},
		{commands: "AUTH host password", why: session.BecauseForeign},
		{commands: "SUBSCRIBE a", why: session.Renewable},
		{commands: "SUBSCRIBE a, GET k", retired: true, why: session.BecauseSubscriber},
		{commands: "XREAD BLOCK 0 STREAMS k $", retired: true, why: session.BecauseBlocked},
		{commands: "MONITOR", retired: true, why: session.BecauseStreaming},
		{commands: "CLIENT REPLY OFF", retired: true, why: session.BecauseSilent},
		{commands: "HELLO 3, MULTI, SUBSCRIBE a", why: session.BecauseBlind},
		{commands: "GET k", inline: true, why: session.BecauseBlind},
	} {
		t.Run(tc.commands, func(t *testing.T) {
			onModel(t, 75*time.Minute, func(w *wireTest) {
				w.write(tc.commands)
				if tc.inline {
					if _, err := io.WriteString(w.conn, "PING\r\n"); err != nil {
						t.Fatal(err)
					}
				}
				ended := make(chan error)
				go func() {
					_, err := io.Copy(io.Discard, w.conn)
					ended <- err
				}()
				select {
				case err := <-ended:
					if !tc.retired || err != nil { // io.Copy takes EOF for success
						t.Errorf("ended with %v", err)
					}
					tok, _ := w.src.Latest()
					if left := 75*time.Minute - (time.Since(w.dialer.start) - w.conn.opened); left <= 0 || left > time.Minute {
						t.Errorf("ended %v before the token, %v", left, tok)
					}
					if _, err := w.conn.Write(modelserver.Encode("PING")); err != io.EOF {
						t.Errorf("write after the end: %v", err)
					}
					w.conn.Close()
				case <-time.After(3 * time.Hour):
					if tc.retired {
						t.Error("was not retired")
					}
					w.conn.Close()
					<-ended
				}
				if len(w.closed) != 1 || w.closed[0].Unrenewable != tc.why.String() || (w.closed[0].Reason == entra.CloseUnsupported) != tc.retired {
					t.Errorf("the observer was told %+v", w.closed)
				}
			})
		})
	}
}

// An answer of ours that cannot be told from the host's must never reach it: the connection ends instead.
func TestGarbageWhileAuthIsUnanswered(t *testing.T) {
	onModel(t, 75*time.Minute, func(w *wireTest) {
		w.write("OK")
		if l, err := w.r.ReadString('\n'); l != "+OK\r\n" {
			t.Fatalf("%q, %v", l, err)
		}
		w.conn.SetDeadline(time.Time{})
		w.conn.wmu.Lock() // no renewal yet
		w.conn.due.Store(&rotation.Due{Credential: w.conn.written, Phase: entra.AuthRotation})
		w.conn.wmu.Unlock()
		_, _ = io.WriteString(w.server, "garbage\r\n")
		w.write("OK")
		if l, err := w.r.ReadString('\n'); err != session.ErrDesync {
			t.Errorf("%q, %v", l, err)
		}
		<-w.served // the server is not left with what was queued behind it
		if err := w.conn.SetDeadline(time.Time{}); err == nil {
			t.Error("set deadlines of a connection that was closed")
		}
		if w.conn.Close(); len(w.closed) != 1 || w.closed[0].Reason != entra.CloseProtocol {
			t.Errorf("the observer was told %+v", w.closed)
		}
	})
}

func TestGarbageReachesTheHost(t *testing.T) {
	onModel(t, 75*time.Minute, func(w *wireTest) {
		w.write("OK")
		_, _ = w.r.ReadString('\n')
		_, _ = io.WriteString(w.server, "garbage\r\n")
		if l, err := w.r.ReadString('\n'); l != "garbage\r\n" || err != nil {
			t.Errorf("%q, %v", l, err)
		}
	})
}

// What comes of Close is the host's doing, whoever notices it first: two may call it at once.
func TestWhatComesOfCloseIsTheHosts(t *testing.T) {
	c := loggedIn(t)
	c.mu.Lock()
	c.ending.closed = true
	c.endLocked(entra.CloseByServer, net.ErrClosed)
	reason := c.ending.cause.reason
	c.mu.Unlock()
	if reason != entra.CloseByClient {
		t.Errorf("closed by %v", reason)
	}
}

// stubborn is a connection whose writes are cut short.
type stubborn struct {
	net.Conn
	take  int // bytes of the next write, or -1 for all
	got   []byte
	quiet bool // about what it does not take, as no io.Writer may be
}

func (s *stubborn) Write(p []byte) (int, error) {
	if s.take < 0 {
		s.got = append(s.got, p...)
		return len(p), nil
	}
	n := min(s.take, len(p))
	s.got = append(s.got, p[:n]...)
	s.take = -1
	if n == len(p) || s.quiet {
		return n, nil
	}
	return n, &net.OpError{Op: "write", Net: "tcp", Err: os.ErrDeadlineExceeded}
}

func (s *stubborn) RemoteAddr() net.Addr             { return hostPort{"tcp", "x:1"} }
func (s *stubborn) SetWriteDeadline(time.Time) error { return nil }
func (s *stubborn) Close() error                     { return nil }

// A write counts the host's bytes, wherever it is cut. If nothing was written it can be repeated, else the stream
// has a hole and nothing may follow it.
func TestShortWrites(t *testing.T) {
	command := modelserver.Encode("GET k")
	for take := 0; ; take++ {
		src, err := entra.NewSource(minted(time.Hour), &entra.Options{Username: "us"})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		inner := &stubborn{take: take}
		c := NewDialer(src, nil).Wrap(inner)
		defer c.Close()
		n, err := c.Write(command)
		auth := len(inner.got) - n
		whole := err == nil
		if want := max(0, take-len(rotation.NewCredential(newest(t, src), 1).Wire())); !whole && n != want {
			t.Fatalf("cut at %d: %d bytes of the host, want %d", take, n, want)
		}
		again, err := c.Write(command)
		switch {
		case whole:
			return
		case take == 0 && (again != len(command) || err != nil || !strings.HasPrefix(string(inner.got), "*3\r\n$4\r\nAUTH")):
			t.Fatalf("nothing was written, the next write: %d, %v, %q", again, err, inner.got)
		case take == 0 && !answeredBy(c, "+OK\r\n$1\r\nx\r\n"):
			t.Fatal("waits for more replies than those to AUTH and to GET")
		case take > 0 && err == nil:
			t.Fatalf("cut at %d with %d bytes of AUTH, and then %d more bytes were written", take, auth, again)
		}
	}
}

// answeredBy reports whether these replies answer all that was written to c.
func answeredBy(c *Conn, replies string) bool {
	_, _, err := c.session.Received([]byte(replies), 0, environment{c})
	return err == nil && c.session.Idle()
}

// The same for every later way to write: ordinary commands, a piece of a long one, a command that is looked at, and one
// with an AUTH. A connection below that says nothing is one that has failed.
func TestShortWritesBehindTheLogin(t *testing.T) {
	long := modelserver.Encode("SET k " + strings.Repeat("x", 100))
	for _, tc := range []struct {
		name          string
		before, write []byte
		auth          bool
	}{
		{"ordinary", nil, append(modelserver.Encode("GET k"), modelserver.Encode("GET k")...), false},
		{"piece", long[:40], long[40:80], false},
		{"looked at", nil, modelserver.Encode("MULTI"), false},
		{"with an AUTH", nil, modelserver.Encode("GET k"), true},
	} {
		for _, quiet := range []bool{false, true} {
			for take := range tc.write {
				c := loggedIn(t)
				if tc.before != nil {
					if _, err := c.Write(tc.before); err != nil {
						t.Fatal(err)
					}
				}
				was := c.session.Mark()
				if tc.auth {
					c.due.Store(&rotation.Due{Credential: c.written, Phase: entra.AuthRotation})
				}
				inner := &stubborn{take: take, quiet: quiet}
				c.inner.Conn = inner
				n, err := c.Write(tc.write)
				if err == nil || n > take || !tc.auth && n != take || quiet != errors.Is(err, io.ErrShortWrite) {
					t.Fatalf("%s, %d of %d bytes: %d, %v", tc.name, take, len(tc.write), n, err)
				}
				hole := take > 0 || quiet
				if !hole && c.session.Mark() != was {
					t.Fatalf("%s: nothing was written, but left %+v, was %+v", tc.name, c.session.Mark(), was)
				}
				if _, err := c.Write(tc.write); hole != (err != nil) {
					t.Fatalf("%s, %d of %d bytes, the next write: %v", tc.name, take, len(tc.write), err)
				}
			}
		}
	}
}

func newest(t *testing.T, src *entra.Source) entra.Token {
	tok, err := src.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// Four goroutines at once, as hosts have them, with an AUTH every few milliseconds between.
func TestReadWriteDeadlinesAndCloseAtOnce(t *testing.T) {
	onModel(t, 10*time.Millisecond, func(w *wireTest) {
		const n = 3000
		var all sync.WaitGroup
		read := make(chan struct{})
		all.Go(func() {
			for i := range n {
				if _, err := w.conn.Write(modelserver.Encode("OK")); err != nil {
					t.Errorf("write %d: %v", i, err)
					return
				}
				if i%3 == 0 {
					<-time.After(time.Millisecond)
				}
			}
		})
		all.Go(func() {
			defer close(read)
			for i := range n {
				if l, err := w.r.ReadString('\n'); l != "+OK\r\n" || err != nil {
					t.Errorf("read %d: %q, %v", i, l, err)
					return
				}
			}
		})
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-read:
					return
				case <-time.After(300 * time.Microsecond):
				}
				set := []func(time.Time) error{w.conn.SetDeadline, w.conn.SetReadDeadline, w.conn.SetWriteDeadline}[i%3]
				if err := set([]time.Time{{}, time.Now().Add(time.Minute)}[i%2]); err != nil {
					t.Errorf("set deadline: %v", err)
				}
			}
		})
		<-read
		all.Go(func() { w.conn.Close() })
		all.Go(func() {
			if _, err := w.conn.Read(make([]byte, 1)); err == nil {
				t.Error("read from a closed connection")
			}
		})
		all.Wait()
	})
}

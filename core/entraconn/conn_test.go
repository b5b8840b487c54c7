package entraconn_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
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
		{commands: "AUTH host password", why: session.BecauseClientAuth},
		{commands: "SUBSCRIBE a", why: session.Renewable},
		{commands: "SUBSCRIBE a, GET k", retired: true, why: session.BecauseSubscriber},
		{commands: "XREAD BLOCK 0 STREAMS forbidden $", retired: true, why: session.BecauseBlocked},
		{commands: "XREAD BLOCK 0 STREAMS k +", retired: true, why: session.BecauseBlocked},
		{commands: "ASKING, XREAD BLOCK 0 STREAMS k $", retired: true, why: session.BecauseBlocked},
		{commands: "WAIT 1 0", retired: true, why: session.BecauseBlocked},
		{commands: "MONITOR", retired: true, why: session.BecauseTakeover},
		{commands: "CLIENT REPLY OFF", retired: true, why: session.BecauseSilent},
		{commands: "HELLO 3, MULTI, SUBSCRIBE a", why: session.BecauseUnknown},
		{commands: "GET k", inline: true, why: session.BecauseUnknown},
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
					if remaining := 75*time.Minute - time.Since(w.opened); remaining <= 0 || remaining > time.Minute {
						t.Errorf("ended %v before the token", remaining)
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
				synctest.Wait() // for the observer
				if len(w.closed) != 1 || w.closed[0].Unrenewable != tc.why.String() || (w.closed[0].Reason == entra.CloseUnsupported) != tc.retired {
					t.Errorf("the observer was told %+v", w.closed)
				}
			})
		})
	}
}

// An answer to our AUTH that cannot be told from the client's replies never reaches the client. The
// connection ends instead.
func TestGarbageWhileAuthIsUnanswered(t *testing.T) {
	inBubble(t, func(s *site) {
		server := &scripted{auth: func(token int) string {
			if token > 1 {
				return "garbage\r\n"
			}
			return "+OK\r\n"
		}}
		l, err := s.network.Listen("127.0.0.6:6380")
		if err != nil {
			t.Fatal(err)
		}
		wait := server.serve(l)
		c, err := entraconn.NewDialer(s.src, nil).DialFunc(s.network.DialContext)(s.t.Context(), "tcp", "127.0.0.6:6380")
		if err != nil {
			t.Fatal(err)
		}
		client := &client{t, c, bufio.NewReader(c)}
		client.do("PING", "+PONG")
		s.nextToken()
		synctest.Wait() // an AUTH is due
		if err := client.send("PING"); err != nil {
			t.Fatal(err)
		}
		if l, err := client.line(); err != session.ErrDesync {
			t.Errorf("%q, %v", l, err)
		}
		l.Close()
		wait() // the server runs nothing that was queued after it
		if err := c.SetDeadline(time.Time{}); err == nil {
			t.Error("set deadlines of a connection that was closed")
		}
		if _, failed := s.events.authsIn(entra.AuthRotation); failed != 1 {
			t.Errorf("%d AUTHs were reported as failed before the client closed the connection", failed)
		}
		c.Close()
		if why := s.events.reasons(); len(why) != 1 || why[0] != entra.CloseProtocol {
			t.Errorf("the observer was told %v", why)
		}
	})
}

func TestGarbageReachesTheClient(t *testing.T) {
	onModel(t, 75*time.Minute, func(w *wireTest) {
		w.write("OK")
		_, _ = w.r.ReadString('\n')
		_, _ = io.WriteString(w.server, "garbage\r\n")
		if l, err := w.r.ReadString('\n'); l != "garbage\r\n" || err != nil {
			t.Errorf("%q, %v", l, err)
		}
	})
}

// Two goroutines may close a connection at once, while another one reads. The reason is that the
// client closed it, whichever goroutine notices the end first.
func TestClosedByTheClientWhateverIsNoticedFirst(t *testing.T) {
	inBubble(t, func(s *site) {
		dial := s.dialer(nil)
		for range 300 {
			c := dial()
			c.do("PING", "+PONG")
			var all sync.WaitGroup
			all.Go(func() { _, _ = c.line() })
			synctest.Wait()
			all.Go(func() { c.Close() })
			all.Go(func() { c.Close() })
			all.Wait()
		}
		for _, why := range s.events.reasons() {
			if why != entra.CloseByClient {
				t.Fatalf("closed by %v", why)
			}
		}
	})
}

// A write returns how many of the client's bytes were written, wherever it is cut. If none was, it
// can be repeated. Otherwise the stream has a hole, and nothing may follow.
func TestShortWrites(t *testing.T) {
	command := modelserver.Encode("GET k")
	dialer := entraconn.NewDialer(mintedSource(t, nil), nil)
	for take := 0; ; take++ {
		inner := &cutWriter{take: take}
		c := dialer.Wrap(inner)
		defer c.Close()
		n, err := c.Write(command)
		whole := err == nil
		if want := max(0, take-len(mintedLogin)); !whole && n != want {
			t.Fatalf("cut at %d: %d bytes of the client, want %d", take, n, want)
		}
		again, err := c.Write(command)
		switch {
		case whole:
			return
		case take == 0 && (again != len(command) || err != nil || string(inner.got) != mintedLogin+string(command)):
			t.Fatalf("nothing was written, the next write: %d, %v, %q", again, err, inner.got)
		case take > 0 && err == nil:
			t.Fatalf("cut at %d with %d bytes of the client, and then %d more bytes were written", take, n, again)
		}
	}
}

// A command that was not written at all is not counted: the connection is idle after the replies to
// the others, so that a rotation reaches it.
func TestCommandsThatWereNotWrittenAreNotCounted(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, command := range []string{"PING", "MULTI", "SET k " + strings.Repeat("x", 10_000)} {
			inBubble(t, func(s *site) {
				p, end := newPlug(s, secure)
				defer end()
				defer p.Close()
				for _, first := range []bool{true, false} {
					if secure && !first {
						break // TLS takes no write after one that timed out
					}
					if !first {
						p.do("PING", "+PONG")
					}
					p.wire.clog(0)
					p.SetWriteDeadline(time.Now().Add(time.Second))
					if n, err := p.Write(encode(strings.Fields(command)...)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Fatalf("%.10s: %d, %v", command, n, err)
					}
					p.SetWriteDeadline(time.Time{})
					p.wire.clog(-1)
				}
				if secure {
					if err := p.send("PING"); err == nil {
						t.Error("TLS: written to after a timeout")
					}
					return
				}
				p.do("PING", "+PONG")
				s.afterRotation()
				if done, failed := s.events.authsIn(entra.AuthRotation); done != 1 || failed != 1 { // the login that timed out
					t.Errorf("%.10s: %d AUTHs in a rotation, %d failed", command, done, failed)
				}
				p.do("PING", "+PONG")
			})
		}
	}
}

// Every way to write returns how many of the client's bytes were written: ordinary commands, a
// piece of a long one, a command that is looked at. A connection below that writes less and returns
// no error has failed.
func TestShortWritesAfterTheLogin(t *testing.T) {
	long := modelserver.Encode("SET k " + strings.Repeat("x", 100))
	for _, tc := range []struct {
		name          string
		before, write []byte
	}{
		{"ordinary", nil, append(modelserver.Encode("GET k"), modelserver.Encode("GET k")...)},
		{"piece", long[:40], long[40:80]},
		{"looked at", nil, modelserver.Encode("MULTI")},
	} {
		for _, silent := range []bool{false, true} {
			for take := range tc.write {
				inner := newLoop()
				inner.keeps = true
				c := logIn(t, inner, inner, nil)
				if tc.before != nil {
					if _, err := c.Write(tc.before); err != nil {
						t.Fatal(err)
					}
				}
				before := len(inner.got)
				inner.take, inner.silent = take, silent
				n, err := c.Write(tc.write)
				if n != take || silent != errors.Is(err, io.ErrShortWrite) || silent == errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("%s, %d of %d bytes: %d, %v", tc.name, take, len(tc.write), n, err)
				}
				again, err := c.Write(tc.write)
				if hole := take > 0 || silent; hole != (err != nil) || hole && again > 0 {
					t.Fatalf("%s, %d of %d bytes, the next write: %d, %v", tc.name, take, len(tc.write), again, err)
				}
				if got := inner.got[before:]; err == nil && string(got) != string(tc.write) {
					t.Fatalf("%s: the server got %q", tc.name, got)
				}
			}
		}
	}
}

// Four goroutines use a connection at once, as clients do, with an AUTH every few milliseconds.
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

package entraconn_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidwall/redcon"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// A move sets a deadline at a moment. Both are counted from the beginning of a call.
type move struct{ at, to time.Duration }

// randomMoves returns deadlines that another goroutine sets during a call, and when the call must
// end.
func randomMoves(rng *rand.Rand) (moves []move, end time.Duration) {
	const little = 50 * time.Millisecond
	for at := time.Duration(0); at < end || end == 0; at += time.Duration(rng.Int64N(int64(2 * little))) {
		to := at + time.Duration(rng.Int64N(int64(3*little)))
		if rng.IntN(3) > 0 {
			to = end + time.Duration(rng.Int64N(int64(little))) // as clients do: later by a little
		}
		moves = append(moves, move{at, to})
		end = max(at, to)
	}
	return moves, end
}

// keepsDeadlines has call block again and again while another goroutine moves its deadline. The
// call ends exactly when the deadline has passed.
func keepsDeadlines(t *testing.T, rng *rand.Rand, call func() error, set ...func(time.Time) error) {
	t.Helper()
	for i := range 1000 {
		moves, end := randomMoves(rng)
		began, set := time.Now(), set[i%len(set)]
		go func() {
			for _, m := range moves {
				<-time.After(time.Until(began.Add(m.at)))
				to := began.Add(m.to)
				if i%2 == 0 {
					to = to.Round(0) // as go-redis has them
				}
				if err := set(to); err != nil {
					t.Error(err)
				}
			}
		}()
		synctest.Wait()
		if err := call(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != end {
			t.Fatalf("%v: ended after %v with %v, want %v", moves, time.Since(began), err, end)
		}
		synctest.Wait() // for the last move, at the very end
	}
}

func TestReadsEndAtTheClientsDeadline(t *testing.T) {
	for _, secure := range []bool{false, true} {
		inBubble(t, func(s *site) {
			p, end := newPlug(s, secure)
			defer end()
			defer p.Close()
			p.do("PING", "+PONG")
			read := func() error { _, err := p.Read(make([]byte, 1)); return err }
			keepsDeadlines(t, random(t, 2, 2), read, p.SetReadDeadline, p.SetDeadline)
			p.SetDeadline(time.Time{})
			p.do("PING", "+PONG")
		})
	}
}

// On TLS a write that timed out is the last one.
func TestWritesEndAtTheClientsDeadline(t *testing.T) {
	inBubble(t, func(s *site) {
		p, end := newPlug(s, false)
		defer end()
		defer p.Close()
		p.do("PING", "+PONG")
		p.wire.clog(0)
		write := func() error { return p.send("PING") }
		keepsDeadlines(t, random(t, 3, 3), write, p.SetWriteDeadline, p.SetDeadline)
		p.wire.clog(-1)
		p.SetDeadline(time.Time{})
		p.do("PING", "+PONG")
	})
}

// A deadline that the client removes no longer ends a call under way.
func TestCallsUnderWayGoOnWithoutADeadline(t *testing.T) {
	for _, secure := range []bool{false, true} {
		inBubble(t, func(s *site) {
			p, end := newPlug(s, secure)
			defer end()
			defer p.Close()
			p.do("PING", "+PONG")
			p.wire.clog(0)
			p.SetDeadline(time.Now().Add(time.Second))
			ended := make(chan error, 2)
			go func() { ended <- p.send("PING") }()
			go func() {
				_, err := p.line()
				ended <- err
			}()
			synctest.Wait()
			p.SetDeadline(time.Time{})
			select {
			case err := <-ended:
				t.Fatalf("TLS %v: ended with %v", secure, err)
			case <-time.After(30 * time.Minute):
			}
			p.wire.clog(-1)
			for range 2 {
				if err := <-ended; err != nil {
					t.Errorf("TLS %v: %v", secure, err)
				}
			}
		})
	}
}

// A write that finds the backlog full ends at its deadline.
func TestWritesThatWaitForRoomEndAtTheClientsDeadline(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		defer c.Close()
		c.do("PING", "+PONG")
		if err := c.send("BLPOP k 0"); err != nil {
			t.Fatal(err)
		}
		mebibyte := encode("SET", "k", strings.Repeat("x", 1<<20-len("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048544\r\n\r\n")))
		if n, err := c.Write(mebibyte); n != len(mebibyte) || err != nil {
			t.Fatal(n, err)
		}
		for _, wait := range []time.Duration{0, time.Millisecond, 1234567 * time.Microsecond} {
			began := time.Now()
			c.SetWriteDeadline(began.Add(wait))
			if err := c.send("PING"); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != wait {
				t.Errorf("after %v: %v, want %v", time.Since(began), err, wait)
			}
		}
	})
}

// A first write that waits for the answer to our AUTH, or for the peer to take it, ends at its
// deadline.
func TestSeparateLoginEndsAtTheClientsDeadline(t *testing.T) {
	for _, takes := range []int{-1, 0} {
		inBubble(t, func(s *site) {
			server := &scripted{auth: func(int) string { return "" }}
			l, err := s.network.Listen("127.0.0.6:6380")
			if err != nil {
				t.Fatal(err)
			}
			defer server.serve(l)()
			defer l.Close()
			inner, err := s.network.DialContext(s.t.Context(), "tcp", "127.0.0.6:6380")
			if err != nil {
				t.Fatal(err)
			}
			wire := newClogged(inner)
			wire.clog(takes)
			c := entraconn.NewDialer(s.src, &entraconn.Options{SeparateLogin: true}).Wrap(wire)
			defer c.Close()
			const wait = 1234567 * time.Microsecond
			began := time.Now()
			c.SetWriteDeadline(began.Add(wait))
			n, err := c.Write(encode("PING"))
			var timeout net.Error
			if n > 0 || !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) != wait {
				t.Errorf("peer takes %d bytes: %d, %v after %v, want %v", takes, n, err, time.Since(began), wait)
			}
		})
	}
}

// The client waits for hours while we read and write. Only its own deadline ends that.
func TestReadDeadlineOutlastsRotations(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		defer c.Close()
		c.do("PING", "+PONG")
		for range 3 {
			began := time.Now()
			c.SetReadDeadline(began.Add(7 * time.Hour))
			if _, err := c.line(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 7*time.Hour {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
			c.SetReadDeadline(time.Time{})
			c.do("PING", "+PONG")
		}
		if done, failed := s.events.authsIn(entra.AuthRotation); done < 15 || failed > 0 {
			t.Errorf("%d AUTHs, %d of them failed", done, failed)
		}
	})
}

// A connection that is retired ends a read that waits, whatever deadlines the client goes on
// setting.
func TestRetirementInterruptsAReadWithADeadline(t *testing.T) {
	inBubble(t, func(s *site) {
		dial, end := s.handled(func(conn net.Conn, rd *redcon.Reader) {
			if _, err := rd.ReadCommand(); err == nil {
				io.WriteString(conn, "+OK\r\n")
			}
			rd.ReadCommand() // WAIT
			rd.ReadCommand()
		})
		defer end()
		tok, err := s.src.Token(s.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c := s.client(dial)
		defer c.Close()
		if err := c.send("WAIT 1 0"); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := c.line()
			ended <- err
		}()
		for {
			select {
			case err := <-ended:
				if err != io.EOF {
					t.Errorf("ended with %v", err)
				}
				if remaining := time.Until(tok.ExpiresOn()); remaining <= 0 || remaining > time.Minute {
					t.Errorf("ended %v before the token", remaining)
				}
				return
			case <-time.After(time.Minute):
				if err := c.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// startsWrites is a connection that says when a write begins, and of how many bytes, and remembers
// the deadlines that are set while one goes on.
type startsWrites struct {
	net.Conn
	started chan int

	mu        sync.Mutex
	writes    int // that go on
	deadlines []time.Time
}

func (c *startsWrites) Write(p []byte) (int, error) {
	c.count(1)
	defer c.count(-1)
	c.started <- len(p)
	return c.Conn.Write(p)
}

func (c *startsWrites) count(by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes += by
}

func (c *startsWrites) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writes > 0 {
		c.deadlines = append(c.deadlines, t)
	}
	return c.Conn.SetWriteDeadline(t)
}

// had reports whether a deadline was set while a write went on.
func (c *startsWrites) had(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.deadlines, t)
}

// A write that waits for one of ours ends at its deadline, as if it were in the place of ours. What
// was held back during a blocking call goes out here to a peer that takes nothing. This runs in real
// time, because in a bubble no time passes while a write waits for a lock.
func TestWritesThatWaitForOursEndAtTheClientsDeadline(t *testing.T) {
	src, err := entra.NewSource(opaqueToken{}, &entra.Options{Username: "us"})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	below, server := net.Pipe()
	defer server.Close()
	wire := &startsWrites{Conn: below, started: make(chan int, 16)}
	c := &client{t, entraconn.NewDialer(src, nil).Wrap(wire), nil}
	defer c.Close()
	written := make(chan error, 1)
	go func() { written <- c.send("BLPOP k 0") }()
	if _, err := io.ReadFull(server, make([]byte, <-wire.started)); err != nil { // AUTH, CLIENT ID, and BLPOP
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	const reply = "*2\r\n$1\r\nk\r\n$1\r\nv\r\n"
	go io.WriteString(server, "+OK\r\n:17\r\n"+reply)
	if err := c.send("SET k v"); err != nil { // is held back
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, len(reply))); err != nil {
		t.Fatal(err)
	}
	<-wire.started // what was held back
	for _, wait := range []time.Duration{-time.Hour, 50 * time.Millisecond} {
		deadline := time.Now().Add(wait)
		c.SetWriteDeadline(deadline)
		if err := c.send("PING"); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a deadline in %v: %v", wait, err)
		}
		// A deadline that has passed ends the write that waits, not ours.
		if got, want := wire.had(deadline), wait > 0; got != want {
			t.Errorf("a deadline in %v: set on the connection below: %v, want %v", wait, got, want)
		}
	}
}

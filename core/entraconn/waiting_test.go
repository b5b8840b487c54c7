package entraconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime/metrics"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidwall/redcon"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// An AUTH that is barred goes out as soon as it may: a read or a write of the client ends what
// barred it.
func TestAuthFollowsWhatItWaitedFor(t *testing.T) {
	for _, tc := range []struct {
		name, before, command string
		reply                 []string
	}{
		{"a command", "PING", "GET k", []string{"$-1"}},
		{"a DISCARD", "MULTI", "DISCARD", []string{"+OK"}},
		{"a transaction", "MULTI", "EXEC", []string{"*0"}},
		{"a SUBSCRIBE", "", "SUBSCRIBE a", []string{"*3", "$9", "subscribe", "$1", "a", ":1"}},
		{"a short blocking command", "", "BLPOP queue 1", []string{"*-1"}},
		{"an XREAD from the end", "", "XREAD BLOCK 1000 STREAMS k $", []string{"*-1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				c := s.dialer(nil)()
				defer c.Close()
				c.do("PING", "+PONG")
				switch tc.before {
				case "":
				case "MULTI":
					c.do("MULTI", "+OK")
				default:
					c.do(tc.before, "+PONG")
				}
				const wait = 30 * time.Minute
				tok, _ := s.src.Latest()
				time.Sleep(time.Until(tok.RenewBy().Add(-wait)))
				s.gateway.Inject(entratest.WireFault{Delay: wait - time.Minute, Count: 1})
				if err := c.send(tc.command); err != nil {
					t.Fatal(err)
				}
				c.reply(tc.reply...)
				answered := time.Now()
				if newest, _ := s.src.Latest(); newest == tok {
					t.Fatal("there is no newer token yet")
				}
				time.Sleep(time.Minute)
				auths := s.gateway.Auths()
				if len(auths) != 2 {
					t.Fatalf("%d AUTHs, want 2", len(auths))
				}
				if late := auths[1].At.Sub(answered); late > 100*time.Millisecond {
					t.Errorf("the AUTH came %v after the answer", late)
				}
			})
		})
	}
}

// The answer to an AUTH comes while the client reads, or after its read has timed out and it does
// not come again.
func TestAnswerIsFoundAfterTheClientHasStoppedReading(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		defer c.Close()
		c.do("PING", "+PONG")
		s.gateway.Inject(entratest.WireFault{Delay: 10 * time.Second, Count: 1})
		s.nextToken()
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if l, err := c.line(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%q, %v", l, err)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if done, failed := s.events.authsIn(entra.AuthRotation); done != 1 || failed > 0 {
			t.Errorf("%d AUTHs were answered, %d failed", done, failed)
		}
		c.SetReadDeadline(time.Time{})
		c.do("PING", "+PONG")
	})
}

// A client that is stuck in a write keeps the AUTH from being sent. It goes out when the write has
// ended.
func TestAuthFollowsAWriteThatTimedOut(t *testing.T) {
	inBubble(t, func(s *site) {
		var socket *clogged
		c := s.client(entraconn.NewDialer(s.src, nil).DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			inner, err := s.network.DialContext(ctx, network, addr)
			socket = newClogged(inner)
			return socket, err
		}))
		defer c.Close()
		c.do("PING", "+PONG")
		tok, newer := s.src.Latest()
		socket.clog(0)
		c.SetWriteDeadline(tok.RenewBy())
		written := make(chan error, 1)
		go func() { written <- c.send("SET k " + strings.Repeat("v", 1000)) }()
		<-newer
		if err := <-written; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		socket.clog(-1)
		ended := time.Now()
		c.SetWriteDeadline(time.Time{})
		time.Sleep(time.Minute)
		auths := s.gateway.Auths()
		if len(auths) != 2 {
			t.Fatalf("%d AUTHs, want 2", len(auths))
		}
		if late := auths[1].At.Sub(ended); late > 100*time.Millisecond {
			t.Errorf("the AUTH came %v after the write", late)
		}
		c.do("PING", "+PONG")
	})
}

// While a write that takes an AUTH along is stuck, no worker visits the connection. One does when
// the write has ended.
func TestStuckWriteIsNotPolled(t *testing.T) {
	inBubble(t, func(s *site) {
		p, end := newPlug(s, false)
		defer end()
		defer p.Close()
		p.do("PING", "+PONG")
		s.nextToken()
		synctest.Wait()
		p.wire.clog(0)
		written := make(chan error, 1)
		go func() { written <- p.send("PING") }()
		time.Sleep(time.Second)
		before := goroutinesSoFar()
		time.Sleep(10 * time.Minute)
		if n := goroutinesSoFar() - before; n > 5 {
			t.Errorf("%d goroutines in 10 minutes", n)
		}
		p.wire.clog(-1)
		if err := <-written; err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if done, failed := s.events.authsIn(entra.AuthRotation); done != 1 || failed > 0 {
			t.Errorf("%d AUTHs were answered, %d failed", done, failed)
		}
	})
}

// Where many pushes come before the answer to an AUTH, the client must read them. Until it does, no
// worker visits the connection.
func TestUnreadPushesAreNotPolled(t *testing.T) {
	inBubble(t, func(s *site) {
		dial, end := s.handled(func(conn net.Conn, rd *redcon.Reader) {
			for _, answer := range []string{"+OK\r\n", "+PONG\r\n", strings.Repeat(">1\r\n+x\r\n", 3000) + "+OK\r\n"} {
				if _, err := rd.ReadCommand(); err != nil {
					return
				}
				io.WriteString(conn, answer)
			}
			rd.ReadCommand()
		})
		defer end()
		c := s.client(dial)
		defer c.Close()
		c.do("PING", "+PONG")
		s.nextToken()
		time.Sleep(time.Minute)
		before := goroutinesSoFar()
		time.Sleep(time.Minute)
		if n := goroutinesSoFar() - before; n > 5 {
			t.Errorf("%d goroutines in a minute", n)
		}
		for range 3000 {
			c.reply(">1", "+x")
		}
		time.Sleep(time.Second)
		if done, failed := s.events.authsIn(entra.AuthRotation); done != 1 || failed > 0 {
			t.Errorf("%d AUTHs were answered, %d failed", done, failed)
		}
	})
}

// The answer to an AUTH comes after that to a command of the client's. Until then no worker visits the
// connection, also where no other AUTH will be possible.
func TestLastAuthInFlightIsNotPolled(t *testing.T) {
	inBubble(t, func(s *site) {
		dial, end := s.handled(func(conn net.Conn, rd *redcon.Reader) {
			for _, answer := range []string{"+OK\r\n", "+PONG\r\n", "", "", ""} {
				if _, err := rd.ReadCommand(); err != nil {
					return
				}
				io.WriteString(conn, answer)
			}
			time.Sleep(15 * time.Minute)
			io.WriteString(conn, "$-1\r\n+OK\r\n")
			rd.ReadCommand()
		})
		defer end()
		c := s.client(dial)
		defer c.Close()
		c.do("PING", "+PONG")
		if err := c.send("GET k"); err != nil {
			t.Fatal(err)
		}
		s.nextToken()
		synctest.Wait()
		if err := c.send("CLIENT REPLY OFF"); err != nil { // the AUTH rides before it
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		before := goroutinesSoFar()
		time.Sleep(10 * time.Minute)
		if n := goroutinesSoFar() - before; n > 5 {
			t.Errorf("%d goroutines in 10 minutes", n)
		}
		c.reply("$-1")
		time.Sleep(time.Second)
		if done, failed := s.events.authsIn(entra.AuthRotation); done != 1 || failed > 0 {
			t.Errorf("%d AUTHs were answered, %d failed", done, failed)
		}
	})
}

// A write can end the wait as well, because no AUTH is possible after it.
func TestConnectionLeavesTheRotationWithAWrite(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		defer c.Close()
		c.do("MULTI", "+OK")
		s.nextToken()
		time.Sleep(time.Minute)
		if err := c.send("CLIENT REPLY OFF"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		s.events.mu.Lock()
		defer s.events.mu.Unlock()
		if r := s.events.rotated; len(r) != 1 || r[0].Left != 1 {
			t.Errorf("the observer was told %+v", r)
		}
	})
}

// A connection that cannot be renewed is not retired while the client has read half of a line. It
// is when the client has read the rest.
func TestRetirementFollowsARead(t *testing.T) {
	inBubble(t, func(s *site) {
		tok, err := s.src.Token(s.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		dial, end := s.handled(func(conn net.Conn, rd *redcon.Reader) {
			for _, answer := range []string{"+OK\r\n", "+OK\r\n+hal"} {
				if _, err := rd.ReadCommand(); err != nil {
					return
				}
				io.WriteString(conn, answer)
			}
			time.Sleep(time.Until(tok.ExpiresOn().Add(-10 * time.Second)))
			io.WriteString(conn, "f\r\n")
			rd.ReadCommand()
		})
		defer end()
		c := s.client(dial)
		if err := c.send("MONITOR"); err != nil {
			t.Fatal(err)
		}
		c.reply("+OK", "+half")
		if line, err := c.line(); err != io.EOF {
			t.Errorf("%q, %v", line, err)
		}
		if remaining := time.Until(tok.ExpiresOn()); remaining != 10*time.Second {
			t.Errorf("retired %v before the token expires", remaining)
		}
		c.Close()
		if r := s.events.reasons(); len(r) != 1 || r[0] != entra.CloseUnsupported {
			t.Errorf("closed because of %s", r)
		}
	})
}

// 100 connections that are blocked for 10 hours cost what 100 idle ones do, plus what sends their
// commands again: for each AUTH two goroutines, one for the visit of a worker and one that sends
// the command.
func TestBlockedConnectionsAreNotPolled(t *testing.T) {
	const conns = 100
	perAuth := func(command string) (goroutines float64) {
		inBubble(t, func(s *site) {
			open := s.dialer(nil)
			var all []*client
			for range conns {
				c := open()
				c.do("PING", "+PONG")
				if command != "" {
					if err := c.send(command); err != nil {
						t.Fatal(err)
					}
					go c.line()
				}
				all = append(all, c)
			}
			synctest.Wait()
			before := goroutinesSoFar()
			time.Sleep(10 * time.Hour)
			goroutines = float64(goroutinesSoFar() - before)
			renewals := s.gateway.Stats().Auths - conns
			if renewals < 9*conns {
				t.Errorf("%q: %d AUTHs", command, renewals)
			}
			goroutines /= float64(renewals)
			for _, c := range all {
				c.Close()
			}
			synctest.Wait()
		})
		return goroutines
	}
	idle, blocked := perAuth(""), perAuth("BLPOP queue 0")
	t.Logf("%.2f goroutines for each AUTH of an idle connection, %.2f for each of a blocked one", idle, blocked)
	if idle == 0 || blocked > 2.5*idle {
		t.Errorf("%.2f goroutines for each AUTH of a blocked connection, %.2f for each of an idle one", blocked, idle)
	}
}

// goroutinesSoFar returns how many goroutines the process has ever started.
func goroutinesSoFar() uint64 {
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

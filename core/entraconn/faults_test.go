package entraconn_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
)

// The server goes away after any byte of its answer, our +OK included. The client reads its replies
// and the end, as it would without us.
func TestRepliesCutAtAnyByte(t *testing.T) {
	const answers = "+PONG\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n$3\r\nx\r\n\r\n"
	commands := bytes.Join([][]byte{
		encode("PING"), encode("INCR", "n"), encode("MGET", "a", "none"), encode("ECHO", "x\r\n"),
	}, nil)
	const ok = len("+OK\r\n")
	for _, renewed := range []bool{false, true} {
		for cut := 1; cut <= ok+len(answers); cut++ {
			inBubble(t, func(s *site) {
				open := s.dialer(nil)
				other := open()
				other.do("SET a a", "+OK")
				other.Close()
				c := open()
				if renewed {
					c.do("PING", "+PONG")
					s.nextToken()
					synctest.Wait() // the AUTH is due and rides along
				}
				s.gateway.Inject(entratest.WireFault{CutAfter: cut, Count: 1})
				if _, err := c.Write(commands); err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(c.r)
				if want := answers[:max(0, cut-ok)]; err != nil || string(got) != want {
					t.Errorf("renewed %v, cut after %d bytes: the client read %q, %v, want %q", renewed, cut, got, err, want)
				}
				s.gone(c)
			})
		}
	}
}

// The same while only we wait for an answer. The client finds the end with its next call.
func TestAnswerCutOnAnIdleConnection(t *testing.T) {
	for cut := 1; cut <= len("+OK\r\n"); cut++ {
		inBubble(t, func(s *site) {
			c := s.dialer(nil)()
			c.do("PING", "+PONG")
			cuts := s.gateway.Inject(entratest.WireFault{CutAfter: cut, Count: 1})
			s.afterRotation()
			if cuts.Hits() != 1 {
				t.Error("no answer was cut")
			}
			if got, err := io.ReadAll(c.r); len(got) > 0 || err != nil {
				t.Errorf("cut after %d bytes: the client read %q, %v", cut, got, err)
			}
			s.gone(c)
		})
	}
}

// The server resets a connection on which only our AUTH is in flight.
func TestResetWhileAuthIsUnanswered(t *testing.T) {
	for _, reading := range []bool{false, true} {
		inBubble(t, func(s *site) {
			c := s.dialer(nil)()
			c.do("PING", "+PONG")
			var clients sync.WaitGroup
			if reading {
				clients.Go(func() {
					if l, err := c.line(); !errors.Is(err, syscall.ECONNRESET) {
						t.Errorf("the client read %q, %v", l, err)
					}
				})
			}
			held := s.gateway.Inject(entratest.WireFault{Delay: time.Hour, Count: 1})
			s.nextToken()
			if err := held.Wait(s.t.Context()); err != nil {
				t.Fatal(err)
			}
			s.gateway.DropAll()
			s.rest(time.Second)
			clients.Wait()
			if l, err := c.line(); err == nil || l != "" {
				t.Errorf("read %q, %v", l, err)
			}
			s.gone(c)
			if r := s.events.reasons(); len(r) != 1 || r[0] != entra.CloseByServer {
				t.Errorf("closed because of %s", r)
			}
		})
	}
}

// The peer takes everything and never answers. The client's deadlines hold. The next dial waits at
// most a second for the verdict on the first one.
func TestPeerThatNeverAnswers(t *testing.T) {
	for _, separate := range []bool{false, true} {
		never := &scripted{auth: func(int) string { return "" }, mute: true}
		onScript(t, never, &entraconn.Options{SeparateLogin: separate}, func(s *site, open func() *client) {
			for range 3 {
				began := time.Now()
				c := open()
				if took := time.Since(began); took > time.Second {
					t.Errorf("a dial waited %v", took)
				}
				began = time.Now()
				c.SetDeadline(began.Add(3 * time.Second))
				err := c.send("PING")
				if !separate {
					_, err = c.line()
				}
				if timeout := net.Error(nil); !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) != 3*time.Second {
					t.Errorf("separate %v: after %v: %v", separate, time.Since(began), err)
				}
				c.Close()
			}
			c := open() // without a deadline the client decides how long it waits, but a separate login ends
			time.AfterFunc(time.Hour, func() { c.Close() })
			began := time.Now()
			err := c.send("PING")
			if !separate {
				_, err = c.line()
			}
			if took := time.Since(began); err == nil || separate && took > 6*time.Second {
				t.Errorf("separate %v: after %v: %v", separate, took, err)
			}
			c.Close()
		})
	}
}

// A client that reads slowly, and leaves more unread than fits into the buffers between, gets all
// of it while tokens come and go.
func TestSlowReader(t *testing.T) {
	inBubble(t, func(s *site) {
		c := s.dialer(nil)()
		defer c.Close()
		const replies, ahead, pause = 2000, 100, 10 * time.Second
		text := strings.Repeat("x", 1000)
		c.do("SET k "+text, "+OK")
		want := []byte("$1000\r\n" + text + "\r\n")
		got := make([]byte, len(want))
		for i := range replies + ahead {
			if i < replies {
				if err := c.send("GET k"); err != nil {
					t.Fatalf("command %d: %v", i, err)
				}
			}
			if i < ahead {
				continue
			}
			if _, err := io.ReadFull(c.r, got); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("reply %d: %q, %v", i-ahead, got, err)
			}
			s.rest(pause)
		}
		if auths := s.gateway.Auths(); len(auths) < 5 || s.gateway.Stats().Expired > 0 {
			t.Errorf("%d AUTHs in %v, %d expired", len(auths), replies*pause, s.gateway.Stats().Expired)
		}
	})
}

// rueidis leaves stale deadlines on the connection when we write or read. With TLS one of them
// would end the connection.
func TestStaleDeadlinesMeetNothingOfOurs(t *testing.T) {
	for _, secure := range []bool{false, true} {
		inBubble(t, func(s *site) {
			p, end := newPlug(s, secure)
			defer end()
			defer p.Close()
			for range 5 {
				p.SetDeadline(time.Now().Add(time.Second))
				p.do("PING", "+PONG")
				s.afterRotation()
			}
			if done, failed := s.events.authsIn(entra.AuthRotation); done < 5 || failed > 0 {
				t.Errorf("TLS %v: %d AUTHs, %d of them failed", secure, done, failed)
			}
			if l, err := p.line(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the client's own deadline: %q, %v", l, err)
			}
		})
	}
}

// Close may come at any moment, while other goroutines read, write and set deadlines, and an AUTH
// is always due. No call returns an error before Close, and no call waits after it.
func TestCloseAtAnyMoment(t *testing.T) {
	const life = 20 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		s := &site{t: t, network: entratest.NewNetwork(), sts: entratest.NewSTS(&entratest.STSOptions{Lifetime: life}), events: &events{}}
		var err error
		s.src, err = entra.NewSource(s.sts.Credential(), &entra.Options{Observer: s.events.observer()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.src.Close()
		dial, end := s.secure(func(c net.Conn) net.Conn { return c })
		defer end()
		open := entraconn.NewDialer(s.src, nil).DialFunc(dial)
		ends, moves := random(t, 0, 1), random(t, 0, 2)
		for range 60 {
			c, err := open(t.Context(), "tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			var closing atomic.Bool
			until := func(what string, call func() error) {
				all.Go(func() {
					err := call()
					for err == nil {
						err = call()
					}
					if !closing.Load() {
						t.Errorf("%s: %v", what, err)
					}
				})
			}
			ping, buf := encode("PING"), make([]byte, 100)
			until("write", func() error { s.rest(100 * time.Microsecond); _, err := c.Write(ping); return err })
			until("read", func() error { _, err := c.Read(buf); return err })
			until("deadline", func() error {
				s.rest(300 * time.Microsecond)
				return c.SetDeadline(time.Now().Add(time.Duration(1+moves.IntN(2)) * time.Hour))
			})
			s.rest(time.Duration(ends.Int64N(int64(2 * life))))
			began := time.Now()
			closing.Store(true)
			c.Close()
			all.Wait()
			if took := time.Since(began); took > time.Millisecond {
				t.Errorf("it took %v until all had returned", took)
			}
		}
		synctest.Wait()
		s.events.paired(t)
	})
}

package entraconn_test

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
)

// countedReads counts the reads of the connection below.
type countedReads struct {
	net.Conn
	reads atomic.Int32
}

func (c *countedReads) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.Conn.Read(p)
}

// separately runs a test with a connection that waits for the answer to its login, which the server
// gives after a while.
func separately(t *testing.T, answer string, after time.Duration, test func(c *client, wire *countedReads)) {
	t.Helper()
	server := &scripted{auth: func(int) string {
		<-time.After(after)
		return answer
	}}
	opts := &entraconn.Options{SeparateLogin: true}
	onScript(t, server, opts, func(s *site, _ func() *client) {
		wire := &countedReads{}
		c := s.client(entraconn.NewDialer(s.src, opts).DialFunc(func(ctx context.Context, network, addr string) (_ net.Conn, err error) {
			wire.Conn, err = s.network.DialContext(ctx, network, addr)
			return wire, err
		}))
		defer c.Close()
		test(c, wire)
	})
}

// One goroutine of the client reads, as that of a subscriber does, when another one writes for the
// first time. Whichever of the two begins, the read finds the answer to the login, and the write goes
// on at that moment. Nothing looks again and again meanwhile.
func TestReadFindsTheAnswerToASeparateLogin(t *testing.T) {
	for name, readsFirst := range map[string]bool{"the read begins": true, "the write begins": false} {
		t.Run(name, func(t *testing.T) {
			separately(t, "+OK\r\n", 3*time.Second, func(c *client, wire *countedReads) {
				began := time.Now()
				written := make(chan error, 1)
				write := func() { written <- c.send("PING") }
				if !readsFirst {
					go write()
					synctest.Wait()
				}
				wait := c.later("+PONG")
				synctest.Wait()
				if readsFirst {
					go write()
				}
				if err := <-written; err != nil || time.Since(began) != 3*time.Second {
					t.Errorf("written after %v: %v", time.Since(began), err)
				}
				wait()
				if n := wire.reads.Load(); n > 5 {
					t.Errorf("%d reads of the connection below", n)
				}
			})
		})
	}
}

// A read of the client that ends without an answer, because of its deadline, leaves the looking to the
// write that waits.
func TestWriteLooksForTheAnswerAfterARead(t *testing.T) {
	separately(t, "+OK\r\n", 3*time.Second, func(c *client, _ *countedReads) {
		began := time.Now()
		c.SetReadDeadline(began.Add(time.Second))
		ended := make(chan error, 1)
		go func() {
			_, err := c.line()
			ended <- err
		}()
		synctest.Wait()
		if err := c.send("PING"); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("written after %v: %v", time.Since(began), err)
		}
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the read: %v", err)
		}
		c.SetReadDeadline(time.Time{})
		c.reply("+PONG")
	})
}

// The deadline that ends a first write may be moved while that waits for the answer, whether the client
// reads or not. The connection is of use after that: the next write waits for the same answer.
func TestWriteDuringASeparateLoginEndsAtTheClientsDeadline(t *testing.T) {
	for name, reads := range map[string]bool{"client reads": true, "client does not read": false} {
		t.Run(name, func(t *testing.T) {
			rng := random(t, 5, 5)
			for range 100 {
				separately(t, "+OK\r\n", 4*time.Second, func(c *client, _ *countedReads) {
					if reads {
						defer c.later("+PONG")()
					}
					moves, end := randomMoves(rng)
					for end > 3*time.Second { // rare, and after that comes the answer
						moves, end = randomMoves(rng)
					}
					began := time.Now()
					go func() {
						for _, m := range moves {
							<-time.After(time.Until(began.Add(m.at)))
							if err := c.SetWriteDeadline(began.Add(m.to)); err != nil {
								t.Error(err)
							}
						}
					}()
					synctest.Wait()
					if err := c.send("PING"); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != end {
						t.Fatalf("%v: ended after %v with %v, want %v", moves, time.Since(began), err, end)
					}
					synctest.Wait() // for the last move, at the very end
					c.SetWriteDeadline(time.Time{})
					if err := c.send("PING"); err != nil || time.Since(began) < 4*time.Second {
						t.Fatalf("the next write ended after %v: %v", time.Since(began), err)
					}
					if !reads {
						c.reply("+PONG")
					}
				})
			}
		})
	}
}

// Writes of several goroutines wait for one answer, and a read of the client too.
func TestAllWritesWaitForASeparateLogin(t *testing.T) {
	separately(t, "+OK\r\n", time.Second, func(c *client, _ *countedReads) {
		written := make(chan error, 10)
		for range cap(written) {
			go func() { written <- c.send("PING") }()
		}
		began := time.Now()
		for range cap(written) {
			if err := <-written; err != nil || time.Since(began) != time.Second {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
			c.reply("+PONG")
		}
	})
}

// A server that does not answer a login ends the connection after 5 seconds, for reads and writes that
// wait.
func TestSeparateLoginWithoutAnAnswerEndsReadsAndWrites(t *testing.T) {
	separately(t, "", 0, func(c *client, _ *countedReads) {
		began := time.Now()
		ended := make(chan error, 2)
		go func() {
			_, err := c.line()
			ended <- err
		}()
		synctest.Wait()
		go func() { ended <- c.send("PING") }()
		for range 2 {
			var timeout net.Error
			if err := <-ended; !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) != 5*time.Second {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
		}
	})
}

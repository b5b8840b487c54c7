package entraconn_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
)

// A clogged connection takes a number of bytes and then none, like one whose peer has stopped
// reading.
type clogged struct {
	net.Conn

	mu       sync.Mutex
	room     int // bytes; negative for any number
	short    bool
	late     int // bytes written after a write that was cut short
	blocked  int // writes that wait for room
	deadline time.Time
	changed  chan struct{}
}

func newClogged(conn net.Conn) *clogged {
	return &clogged{Conn: conn, room: -1, changed: make(chan struct{})}
}

func (c *clogged) clog(room int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room = room
	c.wake()
}

// wake lets writers look again. c.mu is held.
func (c *clogged) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *clogged) Write(p []byte) (n int, err error) {
	for {
		c.mu.Lock()
		take := len(p) - n
		if c.room >= 0 {
			take = min(take, c.room)
			c.room -= take
		}
		if c.short && n == 0 {
			c.late += take
		}
		changed, deadline := c.changed, c.deadline
		c.mu.Unlock()
		if take > 0 || len(p) == 0 {
			m, err := c.Conn.Write(p[n : n+take])
			if n += m; err != nil || n == len(p) {
				return n, err
			}
			continue
		}
		var timeout <-chan time.Time
		if !deadline.IsZero() {
			timeout = time.After(time.Until(deadline))
		}
		c.countBlocked(1)
		select {
		case <-changed:
			c.countBlocked(-1)
		case <-timeout:
			c.countBlocked(-1)
			c.mu.Lock()
			c.short = c.short || n > 0
			c.mu.Unlock()
			return n, &net.OpError{Op: "write", Net: "tcp", Err: os.ErrDeadlineExceeded}
		}
		if c.isClosed() {
			return n, net.ErrClosed
		}
	}
}

func (c *clogged) countBlocked(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocked += n
}

// isBlocked reports whether a write waits for room.
func (c *clogged) isBlocked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.blocked > 0
}

func (c *clogged) isClosed() bool {
	return errors.Is(c.Conn.SetReadDeadline(time.Time{}), net.ErrClosed)
}

func (c *clogged) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	c.wake()
	return nil
}

func (c *clogged) SetDeadline(t time.Time) error {
	_ = c.SetWriteDeadline(t)
	return c.SetReadDeadline(t)
}

func (c *clogged) Close() error {
	err := c.Conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake()
	return err
}

// A plug is a connection that can be clogged, and the client on it.
type plug struct {
	*client
	wire *clogged
}

// newPlug returns a plug, with TLS or without.
func newPlug(s *site, secure bool) (p *plug, end func()) {
	p, end = &plug{}, func() {}
	below := func(conn net.Conn) net.Conn {
		p.wire = newClogged(conn)
		return p.wire
	}
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := s.network.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return below(conn), nil
	}
	if secure {
		dial, end = s.secure(below)
	}
	c, err := entraconn.NewDialer(s.src, nil).DialFunc(dial)(s.t.Context(), "tcp", addr)
	if err != nil {
		s.t.Fatal(err)
	}
	p.client = &client{s.t, c, bufio.NewReader(c)}
	return p, end
}

// The peer stops reading in the middle of our AUTH, on a connection that its client leaves idle or
// writes to. When the peer reads again, nothing may follow the half of an AUTH. If it got no byte
// of the AUTH, the connection works as before, except with TLS, which takes no write after one that
// timed out.
func TestPeerStopsReadingInTheMiddleOfAuth(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, idle := range []bool{false, true} {
			for _, room := range []int{0, 1, 20, 700} {
				t.Run(fmt.Sprintf("TLS %v, idle %v, after %d bytes", secure, idle, room), func(t *testing.T) {
					inBubble(t, func(s *site) {
						p, end := newPlug(s, secure)
						defer end()
						p.do("PING", "+PONG")
						if idle {
							s.rest(50 * time.Minute) // no renewal begins earlier
							p.wire.clog(room)
							s.afterRotation()
						} else {
							s.nextToken()
							synctest.Wait() // so that the AUTH is due, and rides in what is written now
							p.wire.clog(room)
							p.SetWriteDeadline(time.Now().Add(time.Second))
							began := time.Now()
							n, err := p.Write(encode("PING"))
							var timeout net.Error
							if n != 0 || !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) != time.Second {
								t.Errorf("wrote %d, %v after %v", n, err, time.Since(began))
							}
							p.SetWriteDeadline(time.Time{})
						}
						p.wire.clog(-1)
						p.SetDeadline(time.Now().Add(3 * time.Second))
						err := p.send("PING")
						if fine := room == 0 && !secure; fine {
							if l, rerr := p.line(); err != nil || rerr != nil || l != "+PONG" {
								t.Errorf("nothing was written, then: %v, %q, %v", err, l, rerr)
							}
						} else if err == nil {
							t.Error("could be written to")
						}
						if p.wire.late > 0 {
							t.Errorf("%d bytes followed the half of an AUTH", p.wire.late)
						}
						p.Close()
						synctest.Wait()
						s.events.paired(t)
					})
				})
			}
		}
	}
}

// A peer that reads again within a minute costs an idle connection nothing, as it costs a plain
// client nothing, which writes nothing meanwhile.
func TestPeerPausesInTheMiddleOfAuth(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, room := range []int{0, 1, 20, 700} {
			t.Run(fmt.Sprintf("TLS %v, after %d bytes", secure, room), func(t *testing.T) {
				inBubble(t, func(s *site) {
					p, end := newPlug(s, secure)
					defer end()
					p.do("PING", "+PONG")
					old, _ := s.src.Latest()
					p.wire.clog(room)
					for !p.wire.isBlocked() && time.Now().Before(old.ExpiresOn()) {
						s.rest(time.Second)
					}
					if !p.wire.isBlocked() {
						s.t.Fatal("no AUTH was written")
					}
					s.rest(50 * time.Second)
					p.wire.clog(-1)
					s.rest(time.Until(old.ExpiresOn()) + time.Minute)
					p.do("PING", "+PONG")
					p.Close()
					synctest.Wait()
					s.events.paired(t)
				})
			})
		}
	}
}

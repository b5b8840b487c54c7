package entraconn_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn"
)

// A stuckWrite is a peer that takes some bytes and then none, from the moment when an AUTH is due, and a
// client whose write waits for it, with the AUTH before it.
type stuckWrite struct {
	room    int              // bytes that the peer takes
	resumes time.Duration    // when it takes all again, 0 for never
	act     func(c net.Conn) // what another goroutine of the client does meanwhile
}

// A stuckOutcome is what the client meets.
type stuckOutcome struct {
	took       time.Duration // of the write
	failed     bool
	isTimeout  bool
	isAnswered bool
}

func (w stuckWrite) run(t *testing.T, ours bool) (o stuckOutcome) {
	t.Helper()
	inBubble(t, func(s *site) {
		var wire *clogged
		dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := s.network.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			wire = newClogged(conn)
			return wire, nil
		}
		if ours {
			dial = entraconn.NewDialer(s.src, nil).DialFunc(dial)
		}
		connect := func() *client {
			c := s.client(dial)
			if !ours {
				c.do("AUTH service password", "+OK")
			}
			c.do("PING", "+PONG")
			return c
		}
		c := connect()
		s.nextToken()
		synctest.Wait() // an AUTH is due
		stuck, began := wire, time.Now()
		stuck.clog(w.room)
		if w.resumes > 0 {
			time.AfterFunc(w.resumes, func() { stuck.clog(-1) })
		}
		go w.act(c)
		synctest.Wait() // so that the deadline is set
		err := c.send("SET k " + strings.Repeat("v", 10_000))
		o.took, o.failed, o.isTimeout = time.Since(began), err != nil, isTimeout(err)
		if err == nil {
			_ = c.SetDeadline(time.Now().Add(3 * time.Second))
			line, _ := c.line()
			o.isAnswered = line == "+OK"
		}
		closes := time.Now()
		if c.Close(); time.Since(closes) > 0 {
			t.Errorf("Close took %v", time.Since(closes))
		}
		stuck.clog(-1)
		if stuck.late > 0 {
			t.Errorf("%d bytes followed a write that was cut short", stuck.late)
		}
		connect().Close()
		s.rest(10 * time.Minute) // longer than act
		synctest.Wait()
		s.events.paired(s.t)
	})
	return o
}

// A peer that does not read holds up a write with an AUTH of ours for as long as one with a password:
// until it reads again, the deadline passes, or another goroutine moves that or closes the connection.
func TestStuckWriteWaitsAsLongAsWithAPassword(t *testing.T) {
	setDeadline := func(c net.Conn, d time.Duration) { _ = c.SetWriteDeadline(time.Now().Add(d)) }
	for name, act := range map[string]func(net.Conn){
		"Close after 4 s":       func(c net.Conn) { time.Sleep(4 * time.Second); c.Close() },
		"Close after 90 s":      func(c net.Conn) { time.Sleep(90 * time.Second); c.Close() },
		"deadline of 3 s":       func(c net.Conn) { setDeadline(c, 3*time.Second) },
		"deadline of 50 s":      func(c net.Conn) { setDeadline(c, 50*time.Second) },
		"deadline of 5 minutes": func(c net.Conn) { setDeadline(c, 5*time.Minute) },
		"deadline moved from 3 s to 1 s": func(c net.Conn) {
			setDeadline(c, 3*time.Second)
			time.Sleep(500 * time.Millisecond)
			setDeadline(c, 500*time.Millisecond)
		},
		"deadline moved from 3 s to 6 s": func(c net.Conn) {
			setDeadline(c, 3*time.Second)
			time.Sleep(2 * time.Second)
			setDeadline(c, 4*time.Second)
		},
	} {
		for _, resumes := range []time.Duration{0, 2 * time.Second, 45 * time.Second, 2 * time.Minute} {
			for _, room := range []int{0, 1, 20, 700} {
				t.Run(fmt.Sprintf("%s, %d bytes fit, resumes after %v", name, room, resumes), func(t *testing.T) {
					w := stuckWrite{room, resumes, act}
					if plain, ours := w.run(t, false), w.run(t, true); ours != plain {
						t.Errorf("%+v, with a password %+v", ours, plain)
					}
				})
			}
		}
	}
}

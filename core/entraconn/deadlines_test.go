package entraconn

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
)

// clocked records the deadlines that reach the connection below.
type clocked struct {
	net.Conn
	read, write time.Time
}

func (c *clocked) SetReadDeadline(t time.Time) error  { c.read = t; return nil }
func (c *clocked) SetWriteDeadline(t time.Time) error { c.write = t; return nil }
func (c *clocked) SetDeadline(t time.Time) error      { c.read, c.write = t, t; return nil }

// onClocked returns a connection whose login is answered.
func onClocked() (*clocked, *Conn) {
	inner := &clocked{}
	c := &Conn{inner: inner, server: &server{dialer: &Dialer{start: time.Now()}}, tame: true}
	c.deadlines.init()
	c.accepted.Store(&rotation.Credential{})
	return inner, c
}

// While a deadline of ours is on the connection, the host's are only remembered; afterwards its latest is there.
func TestDeadlinesOfTheHostWait(t *testing.T) {
	inner := &clocked{}
	start := time.Now()
	c := &Conn{inner: inner, server: &server{dialer: &Dialer{start: start}}}
	c.deadlines.init()
	ours, theirs := time.Now().Add(time.Second), time.Now().Add(time.Minute)
	for _, both := range []bool{false, true} {
		set := func(at time.Time) {
			if both {
				c.SetDeadline(at)
			} else {
				c.SetReadDeadline(at)
				c.SetWriteDeadline(at)
			}
		}
		for _, at := range []time.Time{theirs, time.Unix(1, 0), {}} {
			set(time.Time{})
			c.deadlines.beginRead(c, ours)
			set(at)
			if !inner.read.Equal(ours) || !inner.write.Equal(at) {
				t.Fatalf("while we read: %v, %v", inner.read, inner.write)
			}
			c.deadlines.endRead(c)
			c.deadlines.beginWrite(c, ours)
			set(at)
			if !inner.write.Equal(ours) || !inner.read.Equal(at) {
				t.Fatalf("while we write: %v, %v", inner.read, inner.write)
			}
			c.deadlines.endWrite(c)
			for _, now := range []time.Time{inner.read, inner.write} {
				passed := at.Before(start) && now.Before(start) && !at.IsZero() && !now.IsZero()
				if !now.Equal(at) && !passed {
					t.Fatalf("afterwards: %v, %v, want %v", inner.read, inner.write, at)
				}
			}
		}
	}
}

// The read deadlines of the host's reach the connection below, unless what is there is earlier by no more than the leeway,
// or the host wants none; a read that is woken early goes on with the host's. Each write deadline does before the host
// writes, unless what is there is later by no more than the leeway.
func TestDeadlinesFollowTheHost(t *testing.T) { synctest.Test(t, testDeadlinesFollowTheHost) }

func testDeadlinesFollowTheHost(t *testing.T) {
	rng := Random(t, 1, 1)
	early, late, caughtUp := 0, 0, 0
	for i := range 4000 {
		wall := i%2 == 1 // as go-redis has them
		now := time.Now()
		inner := &clocked{read: now, write: now} // as a dialer may have left them, until the host sets its own
		c := &Conn{inner: inner, server: &server{dialer: &Dialer{start: now}}}
		c.deadlines.init()
		c.accepted.Store(&rotation.Credential{})
		c.tame = true
		ours := now.Add(time.Hour)
		read, write := time.Time{}, time.Time{} // the host's
		c.SetReadDeadline(read)
		c.SetWriteDeadline(write)
		var ownRead, ownWrite, writing, wasEarly bool
		var story []string
		for range 16 {
			now, at := time.Now(), time.Time{}
			switch rng.IntN(5) {
			case 0:
				at = now.Add(time.Duration(1+rng.IntN(3)) * time.Minute)
			case 1, 2:
				at = now.Add(time.Minute + time.Duration(rng.IntN(4))*leeway/2)
			case 3:
				at = now.Add(farAway - 1)
			}
			if wall && !at.IsZero() {
				at = at.Round(0)
			}
			step := rng.IntN(9)
			story = append(story, fmt.Sprint(step, at.Sub(now)))
			switch step {
			case 0:
				read, write = at, at
				c.SetDeadline(at)
			case 1:
				read = at
				c.SetReadDeadline(at)
			case 2:
				write = at
				c.SetWriteDeadline(at)
			case 3:
				if ownRead = !ownRead; ownRead {
					c.deadlines.beginRead(c, ours)
				} else {
					c.deadlines.endRead(c)
				}
			case 4:
				if ownWrite = !ownWrite; ownWrite {
					c.deadlines.beginWrite(c, ours)
				} else {
					c.deadlines.endWrite(c)
				}
			case 5:
				if ownRead || inner.read.IsZero() {
					break // it is for us to say how that ends, or it does not
				}
				<-time.After(time.Until(inner.read))
				// It may have been woken by an early one that is there no more.
				if goesOn := c.deadlines.wokenEarly(c, os.ErrDeadlineExceeded); goesOn != wasEarly || !inner.read.Equal(read) {
					t.Fatalf("%v: a read that was woken goes on: %v, with %v; want %v, %v", story, goesOn, inner.read, wasEarly, read)
				}
				wasEarly = false
			case 6: // a read begins
				if c.signals.has(untold) {
					c.deadlines.catchUp(c)
				}
			case 7, 8: // a write begins, or ends
				switch {
				case writing:
					c.wmu.Unlock()
				case ownWrite:
					continue // our own write holds the lock
				default:
					c.wmu.Lock()
					if c.signals.has(untold) {
						c.deadlines.catchUp(c)
						caughtUp++
					}
				}
				writing = !writing
			}
			switch d := read.Sub(inner.read); {
			case ownRead && inner.read.Equal(ours):
			case !ownRead && (d == 0 && read.IsZero() == inner.read.IsZero()):
			case !ownRead && !inner.read.IsZero() && (read.IsZero() || 0 < d && d <= leeway):
				early++
				wasEarly = true
			default:
				t.Fatalf("%v: read deadline %v, want %v", story, inner.read, read)
			}
			switch d := inner.write.Sub(write); {
			case ownWrite && inner.write.Equal(ours):
			case !ownWrite && inner.write.Equal(write):
			case !ownWrite && write.IsZero() && !writing:
			case !ownWrite && !write.IsZero() && 0 < d && d <= leeway:
				late++
			default:
				t.Fatalf("%v: write deadline %v, want %v", story, inner.write, write)
			}
		}
	}
	if early < 1000 || late < 1000 || caughtUp < 100 {
		t.Errorf("the read deadline was early %d times only, the write deadline late %d times, and told before a write %d times", early, late, caughtUp)
	}
}

// A read that was woken goes on for as long as the host's deadline was later than the one that woke it, although the wall
// clock, of which the host's may be, was set in between.
func TestReadsEndAlthoughTheClockIsSet(t *testing.T) {
	for _, set := range []time.Duration{-2 * time.Hour, 2 * time.Hour} {
		inner := &clocked{}
		c := &Conn{inner: inner, server: &server{dialer: &Dialer{start: time.Now()}}, tame: true}
		c.deadlines.init()
		c.accepted.Store(&rotation.Credential{})
		woke := time.Now().Add(-set).Round(0) // what was to be now
		c.SetReadDeadline(woke)
		c.SetReadDeadline(woke.Add(leeway / 2))
		most := leeway / 2
		if set > 0 {
			most = 0 // by this clock it has passed
		}
		if !c.deadlines.wokenEarly(c, os.ErrDeadlineExceeded) || time.Until(inner.read) > most {
			t.Errorf("clock set by %v: goes on until %v, which is in %v", set, inner.read, time.Until(inner.read))
		}
	}
}

// What no deadline ends is not begun again: that a peer is gone is a timeout as well.
func TestOtherTimeoutsReachTheHost(t *testing.T) {
	inner := &clocked{}
	c := &Conn{inner: inner, server: &server{dialer: &Dialer{start: time.Now()}}, tame: true}
	c.deadlines.init()
	c.accepted.Store(&rotation.Credential{})
	for i := range 2 {
		c.SetReadDeadline(time.Now().Add(time.Minute + time.Duration(i)*time.Millisecond))
	}
	gone := &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}
	if !isTimeout(gone) || c.deadlines.wokenEarly(c, gone) {
		t.Error("taken for a deadline")
	}
}

// Before the login is answered there may be a TLS handshake to come, which cannot go on after a timeout.
func TestDeadlinesAreExactBeforeTheLogin(t *testing.T) {
	inner, c := onClocked()
	c.accepted.Store(nil)
	now := time.Now()
	for i := range 3 {
		at := now.Add(time.Minute + time.Duration(i)*time.Millisecond)
		if c.SetReadDeadline(at); !inner.read.Equal(at) {
			t.Errorf("%v, want %v", inner.read, at)
		}
	}
}

// Whenever the host moves its deadline, and however little: a read ends when it has passed, and never before.
func TestReadsEndAtTheDeadlineOfTheHost(t *testing.T) {
	rng := Random(t, 2, 2)
	onModel(t, 75*time.Minute, func(w *wireTest) {
		w.write("OK")
		_, _ = w.r.ReadString('\n')
		for i := range 1000 {
			type move struct{ at, to time.Duration }
			var moves []move
			began, end := time.Now(), time.Duration(0)
			for at := time.Duration(0); ; at += time.Duration(rng.Int64N(int64(2 * leeway))) {
				if at >= end && end > 0 {
					break // the read has ended by then
				}
				to := at + time.Duration(rng.Int64N(int64(3*leeway)))
				if rng.IntN(3) > 0 {
					to = end + time.Duration(rng.Int64N(int64(leeway))) // as hosts do: later by a little
				}
				moves = append(moves, move{at, to})
				end = max(at, to)
			}
			go func() {
				for _, m := range moves {
					<-time.After(time.Until(began.Add(m.at)))
					to := began.Add(m.to)
					if i%2 == 0 {
						to = to.Round(0) // as go-redis has them
					}
					w.conn.SetReadDeadline(to)
				}
			}()
			synctest.Wait()
			_, err := w.conn.Read(make([]byte, 1))
			if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != end {
				t.Fatalf("%v: ended after %v with %v, want %v", moves, took, err, end)
			}
			w.conn.SetReadDeadline(time.Time{})
			w.write("OK")
			if l, err := w.r.ReadString('\n'); l != "+OK\r\n" || err != nil {
				t.Fatalf("then: %q, %v", l, err)
			}
		}
	})
}

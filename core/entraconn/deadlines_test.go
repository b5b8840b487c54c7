package entraconn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// clocked records the deadlines that reach the connection below.
type clocked struct {
	net.Conn
	read, write time.Time
}

func (c *clocked) SetReadDeadline(t time.Time) error  { c.read = t; return nil }
func (c *clocked) SetWriteDeadline(t time.Time) error { c.write = t; return nil }
func (c *clocked) SetDeadline(t time.Time) error      { c.read, c.write = t, t; return nil }

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
// writes.
func TestDeadlinesFollowTheHost(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	now := time.Now()
	early, late := 0, 0
	for range 3000 {
		inner := &clocked{read: now, write: now} // as a dialer may have left them, until the host sets its own
		c := &Conn{inner: inner, server: &server{dialer: &Dialer{start: now}}}
		c.deadlines.init()
		c.accepted.Store(&credential{})
		ours := now.Add(time.Second)
		read, write := time.Time{}, time.Time{} // the host's
		c.SetReadDeadline(read)
		c.SetWriteDeadline(write)
		var ownRead, ownWrite, writing, wasEarly bool
		var story []string
		for range 16 {
			at := time.Time{}
			switch rng.IntN(4) {
			case 0:
				at = now.Add(time.Duration(1+rng.IntN(3)) * time.Minute)
			case 1, 2:
				at = now.Add(time.Minute + time.Duration(rng.IntN(4))*leeway/2)
			}
			step := rng.IntN(8)
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
				if ownRead {
					break // it is for us to say how that ends
				}
				// It may have been woken by an early one that is there no more.
				if goesOn := c.deadlines.wokenEarly(c, os.ErrDeadlineExceeded); goesOn != wasEarly || !inner.read.Equal(read) {
					t.Fatalf("%v: a read that was woken goes on: %v, with %v; want %v, %v", story, goesOn, inner.read, wasEarly, read)
				}
				wasEarly = false
			case 6, 7:
				switch {
				case writing:
					c.wmu.Unlock()
				case ownWrite:
					continue // our own write holds the lock
				default:
					c.wmu.Lock()
					if c.untold.Load() {
						c.deadlines.tellWrite(c)
						late++
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
			switch {
			case ownWrite && inner.write.Equal(ours):
			case !ownWrite && inner.write.Equal(write):
			case !ownWrite && write.IsZero() && !writing:
			default:
				t.Fatalf("%v: write deadline %v, want %v", story, inner.write, write)
			}
		}
	}
	if early < 1000 || late < 100 {
		t.Errorf("the read deadline was early %d times only, the write deadline late %d times", early, late)
	}
}

// Before the login is answered there may be a TLS handshake to come, which cannot go on after a timeout.
func TestDeadlinesAreExactBeforeTheLogin(t *testing.T) {
	inner, now := &clocked{}, time.Now()
	c := &Conn{inner: inner, server: &server{dialer: &Dialer{start: now}}}
	c.deadlines.init()
	for i := range 3 {
		at := now.Add(time.Minute + time.Duration(i)*time.Millisecond)
		if c.SetReadDeadline(at); !inner.read.Equal(at) {
			t.Errorf("%v, want %v", inner.read, at)
		}
	}
}

// Whenever the host moves its deadline, and however little: a read ends when it has passed, and never before.
func TestReadsEndAtTheDeadlineOfTheHost(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	onModel(t, 75*time.Minute, func(w *wireTest) {
		w.write("OK")
		_, _ = w.r.ReadString('\n')
		for range 1000 {
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
					w.conn.SetReadDeadline(began.Add(m.to))
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

// timed records the write deadline that each write meets, and how often it is told one.
type timed struct {
	loop
	deadline, met time.Time
	told          int
}

func (c *timed) Write(p []byte) (int, error) {
	c.met = c.deadline
	return c.loop.Write(p)
}

func (c *timed) SetReadDeadline(time.Time) error {
	c.told++
	return nil
}

func (c *timed) SetWriteDeadline(t time.Time) error {
	c.deadline = t
	c.told++
	return nil
}

func (c *timed) SetDeadline(t time.Time) error { return c.SetWriteDeadline(t) }

// Hosts set two or three deadlines with each command.
func TestBusyHostsTellFewDeadlines(t *testing.T) {
	inner := &timed{}
	c := logIn(t, inner, &inner.loop)
	start, buf := time.Now().Add(time.Minute), make([]byte, 100)
	for i := range 1000 {
		at := start.Add(time.Duration(i) * 500 * time.Microsecond)
		c.SetDeadline(time.Time{})
		c.SetWriteDeadline(at)
		if _, err := c.Write(encodeOne("GET k")); err != nil || !inner.met.Equal(at) {
			t.Fatalf("%v: written under %v, want %v", err, inner.met, at)
		}
		c.SetReadDeadline(at)
		if _, err := c.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	if inner.told > 1000+10 {
		t.Errorf("%d deadlines of 4000 were told", inner.told)
	}
}

// A write meets the deadline that the host wants when it writes, also if that is none.
func TestWritesMeetTheDeadlineOfTheHost(t *testing.T) {
	for _, command := range []string{"GET k", "MULTI", "BLPOP k 0"} {
		inner := &timed{}
		c := logIn(t, inner, &inner.loop)
		c.SetDeadline(time.Now().Add(time.Hour))
		for _, at := range []time.Time{{}, time.Now().Add(time.Minute), {}} {
			c.SetWriteDeadline(at)
			if _, err := c.Write(encodeOne(command)); err != nil || !inner.met.Equal(at) {
				t.Errorf("%s: %v, written under %v, want %v", command, err, inner.met, at)
			}
			if _, err := c.Read(make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

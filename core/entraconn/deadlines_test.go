package entraconn

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
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
	c := &Conn{inner: inner, server: &server{dialer: &Dialer{start: time.Now()}}}
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
			if !inner.read.Equal(at) || !inner.write.Equal(at) || at.IsZero() != inner.read.IsZero() {
				t.Fatalf("afterwards: %v, %v, want %v", inner.read, inner.write, at)
			}
		}
	}
}

// A host's deadline that changes nothing need not reach the connection below; every other one must.
func TestDeadlinesFollowTheHost(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	now := time.Now()
	for range 2000 {
		inner := &clocked{read: now, write: now} // as a dialer may have left them, until the host sets its own
		c := &Conn{inner: inner, server: &server{dialer: &Dialer{start: now}}}
		c.deadlines.init()
		ours := now.Add(time.Second)
		read, write := time.Time{}, time.Time{} // the host's
		c.SetReadDeadline(read)
		c.SetWriteDeadline(write)
		var ownRead, ownWrite bool
		var story []string
		for range 12 {
			at := time.Time{}
			if rng.IntN(2) == 0 {
				at = now.Add(time.Duration(1+rng.IntN(3)) * time.Minute)
			}
			step := rng.IntN(5)
			story = append(story, fmt.Sprint(step, at.IsZero()))
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
			}
			wantRead, wantWrite := read, write
			if ownRead {
				wantRead = ours
			}
			if ownWrite {
				wantWrite = ours
			}
			if !inner.read.Equal(wantRead) || !inner.write.Equal(wantWrite) {
				t.Fatalf("%v: deadlines %v and %v, want %v and %v", story, inner.read, inner.write, wantRead, wantWrite)
			}
		}
	}
}

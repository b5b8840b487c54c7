package entraconn

import (
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

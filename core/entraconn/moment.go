package entraconn

import (
	"crypto/tls"
	"math"
	"net"
	"time"
)

// A moment is a deadline in a third of the room of a time.Time. It is the time since the Dialer's start by the clock that
// nobody sets, or, where the host gave a time of the wall clock only, as go-redis does, its nanoseconds since 1970:
// between the two lies a gap, because what the wall clock will say of a moment by the other one nobody knows.
type moment time.Duration

const (
	none    moment = math.MinInt64 // no deadline
	unknown        = none / 2      // not known what it is; far from all others

	past     = -moment(time.Hour)                // stands for all times before the Dialer's start
	farthest = 500_000_000_000_000_000           // after the Dialer's start: 15 years, which stand for more
	oldest   = 600_000_000_000_000_000           // of the wall clock: in 1989, and what was before is past
	latest   = math.MaxInt64 - moment(time.Hour) // of the wall clock: in 2262, and stands for all that is later
)

func (c *Conn) momentOf(t time.Time) moment {
	switch {
	case t.IsZero():
		return none
	case t != t.Round(0): // has a reading of the clock that nobody sets
		return min(max(moment(t.Sub(c.server.dialer.start)), past), farthest)
	case t.Unix() < int64(oldest/time.Second):
		return past
	case t.Unix() >= int64(latest/moment(time.Second)):
		return latest
	}
	return moment(t.UnixNano())
}

// ofWall reports whether m is a time of the wall clock.
func (m moment) ofWall() bool { return m >= oldest }

func (c *Conn) timeOf(m moment) time.Time {
	switch {
	case m == none:
		return time.Time{}
	case m.ofWall():
		return time.Unix(0, int64(m))
	}
	return c.server.dialer.start.Add(time.Duration(m))
}

// tame reports whether a connection has no deadlines but those that it is told, and can be read on after a timeout. Of
// what somebody has wrapped, that is not known.
func tame(c net.Conn) bool {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

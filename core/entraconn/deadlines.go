package entraconn

import (
	"math"
	"net"
	"sync"
	"time"
)

// deadlines keeps the host's deadlines apart from ours. Hosts set theirs at any time, from other goroutines than
// the one that reads or writes, and leave stale ones behind: a stale one must not meet our own I/O (on TLS an
// expired write deadline ends the connection for good), and ours must not be left behind for the host.
type deadlines struct {
	mu sync.Mutex
	// The host's latest, in time since the Dialer's start, or none.
	read, write time.Duration
	// Whether the connection has a deadline of ours at the moment.
	ownRead, ownWrite bool
	// Whether it is known to have none. Some hosts ask for none before every read, which costs more than to follow
	// the reply.
	noRead, noWrite bool
	// How many reads of the host wait for one of ours to end.
	waiting int32
}

// longAgo is a deadline that makes a read return at once.
var longAgo = time.Unix(1, 0)

// none stands for no deadline.
const none time.Duration = math.MinInt64

func (d *deadlines) init() { d.read, d.write = none, none }

func (c *Conn) sinceStart(t time.Time) time.Duration {
	if t.IsZero() {
		return none
	}
	return max(t.Sub(c.server.dialer.start), none+1)
}

func (c *Conn) fromStart(d time.Duration) time.Time {
	if d == none {
		return time.Time{}
	}
	return c.server.dialer.start.Add(d)
}

func (d *deadlines) set(c *Conn, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t.IsZero() && d.noRead && d.noWrite {
		return nil
	}
	d.read = c.sinceStart(t)
	d.write = d.read
	switch {
	case d.ownRead && d.ownWrite:
		return nil
	case d.ownRead:
		d.noWrite = false
		return c.inner.SetWriteDeadline(t)
	case d.ownWrite:
		d.noRead = false
		return c.inner.SetReadDeadline(t)
	}
	err := c.inner.SetDeadline(t)
	d.noRead = err == nil && t.IsZero()
	d.noWrite = d.noRead
	return err
}

func (d *deadlines) setRead(c *Conn, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t.IsZero() && d.noRead {
		return nil
	}
	d.read = c.sinceStart(t)
	if d.ownRead {
		return nil
	}
	err := c.inner.SetReadDeadline(t)
	d.noRead = err == nil && t.IsZero()
	return err
}

func (d *deadlines) setWrite(c *Conn, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t.IsZero() && d.noWrite {
		return nil
	}
	d.write = c.sinceStart(t)
	if d.ownWrite {
		return nil
	}
	err := c.inner.SetWriteDeadline(t)
	d.noWrite = err == nil && t.IsZero()
	return err
}

// closed is told that the connection is closed: what deadlines are set says so from now on.
func (d *deadlines) closed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.noRead, d.noWrite = false, false
}

// beginRead gives the connection a read deadline of ours. The caller holds Conn.rmu, so that no read of the host is
// under way, or wants one to end.
func (d *deadlines) beginRead(c *Conn, t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownRead, d.noRead = true, false
	if d.waiting > 0 {
		t = longAgo
	}
	_ = c.inner.SetReadDeadline(t) // fails only on a closed connection, which the read then says
}

// hurry ends a read of ours, under way or about to be, because the host wants to read. The caller calls hurried when it
// has its turn.
func (d *deadlines) hurry(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting++
	if d.ownRead {
		_ = c.inner.SetReadDeadline(longAgo)
	}
}

func (d *deadlines) hurried() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting--
}

// endRead puts the host's read deadline back.
func (d *deadlines) endRead(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownRead = false
	_ = c.inner.SetReadDeadline(c.fromStart(d.read))
}

// beginWrite and endWrite are the same for writing; the caller holds Conn.wmu.
func (d *deadlines) beginWrite(c *Conn, t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownWrite, d.noWrite = true, false
	_ = c.inner.SetWriteDeadline(t)
}

func (d *deadlines) endWrite(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownWrite = false
	_ = c.inner.SetWriteDeadline(c.fromStart(d.write))
}

// wakeRead makes the read under way, or the next one, return at once. Who finds out why calls endRead.
func (d *deadlines) wakeRead(c *Conn) { d.beginRead(c, longAgo) }

// interrupt makes the read under way, and every later one, return at once, whatever the host sets.
func (d *deadlines) interrupt(inner net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownRead, d.noRead = true, false
	_ = inner.SetReadDeadline(longAgo)
}

// hostWrite returns the host's write deadline, zero for none.
func (d *deadlines) hostWrite(c *Conn) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return c.fromStart(d.write)
}

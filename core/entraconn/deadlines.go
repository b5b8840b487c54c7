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
//
// To tell the connection below costs more than to follow a command and its reply, and hosts set two or three with each
// command, so it is told what it needs to know:
//
//   - The read deadline below may be earlier than the host's, by leeway, or if the host wants none. A read that is woken
//     by it goes on with the host's, see wokenEarly.
//   - A write cannot go on after a timeout. That there is no write deadline any more is told when the next write begins.
//
// So hosts see no difference: reads and writes end when their deadline has passed, and not before.
type deadlines struct {
	mu sync.Mutex
	// The host's latest, in time since the Dialer's start, or none.
	read, write time.Duration
	// The read deadline that the connection below is known to have; unknown if every deadline is to be told.
	known time.Duration
	// Whether known was earlier than read since a read was last woken.
	early bool
	// Whether the connection below is known to have no write deadline.
	noWrite bool
	// Whether it has a deadline of ours at the moment.
	ownRead, ownWrite bool
	// How many reads of the host wait for one of ours to end.
	waiting int32
}

// leeway lets a host that is busy tell the connection below ten times in a second instead of with every command.
const leeway = 100 * time.Millisecond

// longAgo is a deadline that makes a read return at once.
var longAgo = time.Unix(1, 0)

const (
	none    time.Duration = math.MinInt64 // no deadline
	unknown               = none + 1
	before                = -time.Hour // stands for all times before the Dialer's start, so that none comes near to unknown
)

func (d *deadlines) init() { d.read, d.write, d.known = none, none, unknown }

func (c *Conn) sinceStart(t time.Time) time.Duration {
	if t.IsZero() {
		return none
	}
	return max(t.Sub(c.server.dialer.start), before)
}

func (c *Conn) fromStart(d time.Duration) time.Time {
	if d == none {
		return time.Time{}
	}
	return c.server.dialer.start.Add(d)
}

// readStays remembers the host's read deadline, and reports whether the connection below can keep the one that it has.
func (d *deadlines) readStays(read time.Duration) bool {
	d.read = read
	switch ahead := uint64(read - d.known); {
	case d.ownRead || ahead == 0:
		return true
	case ahead <= uint64(leeway), read == none && d.known != unknown: // not if the one below is later, or none
		d.early = true
		return true
	}
	return false
}

// readTold remembers that the connection below was told the host's read deadline. Until the login is answered every one
// is to be told: a TLS handshake may come first, and cannot go on after a timeout.
func (d *deadlines) readTold(c *Conn, err error) {
	d.known = unknown
	if err == nil && c.accepted.Load() != nil {
		d.known = d.read
	}
}

// writeStays remembers the host's write deadline, and reports whether the connection below can keep the one that it has,
// for now at least.
func (d *deadlines) writeStays(c *Conn, write time.Duration) bool {
	d.write = write
	switch {
	case d.ownWrite || write == none && d.noWrite:
		return true
	case write == none && d.known != unknown && c.wmu.TryLock(): // nobody writes
		c.untold.Store(true)
		c.wmu.Unlock()
		return true
	}
	return false
}

// writeTold remembers that the connection below was told the host's write deadline.
func (d *deadlines) writeTold(c *Conn, err error) {
	d.noWrite = err == nil && d.write == none
	if c.untold.Load() {
		c.untold.Store(false)
	}
}

func (d *deadlines) set(c *Conn, t time.Time) (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	since := c.sinceStart(t)
	read, write := d.readStays(since), d.writeStays(c, since)
	switch {
	case read && write:
		return nil
	case read:
		err = c.inner.SetWriteDeadline(t)
	case write:
		err = c.inner.SetReadDeadline(t)
	default:
		err = c.inner.SetDeadline(t)
	}
	if !read {
		d.readTold(c, err)
	}
	if !write {
		d.writeTold(c, err)
	}
	return err
}

func (d *deadlines) setRead(c *Conn, t time.Time) (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.readStays(c.sinceStart(t)) {
		err = c.inner.SetReadDeadline(t)
		d.readTold(c, err)
	}
	return err
}

func (d *deadlines) setWrite(c *Conn, t time.Time) (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.writeStays(c, c.sinceStart(t)) {
		err = c.inner.SetWriteDeadline(t)
		d.writeTold(c, err)
	}
	return err
}

// tellWrite tells the connection below the host's write deadline, because the host is about to write. The caller holds
// Conn.wmu.
func (d *deadlines) tellWrite(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writeTold(c, c.inner.SetWriteDeadline(c.fromStart(d.write))) // fails only on a closed connection, which the write then says
}

// wokenEarly reports whether err woke a read of the host's before the host's deadline, and lets the connection below
// have that one. If it has passed as well, the next read says so.
func (d *deadlines) wokenEarly(c *Conn, err error) bool {
	if !isTimeout(err) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ownRead || !d.early {
		return false
	}
	d.early = false
	if d.known != d.read { // else the host has moved it on meanwhile
		d.readTold(c, c.inner.SetReadDeadline(c.fromStart(d.read)))
	}
	return true
}

// closed is told that the connection is closed: what deadlines are set says so from now on.
func (d *deadlines) closed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known, d.noWrite = unknown, false
}

// beginRead gives the connection a read deadline of ours. The caller holds Conn.rmu, so that no read of the host is
// under way, or wants one to end.
func (d *deadlines) beginRead(c *Conn, t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownRead, d.known = true, unknown
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
	d.readTold(c, c.inner.SetReadDeadline(c.fromStart(d.read)))
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
	d.writeTold(c, c.inner.SetWriteDeadline(c.fromStart(d.write)))
}

// wakeRead makes the read under way, or the next one, return at once. Who finds out why calls endRead.
func (d *deadlines) wakeRead(c *Conn) { d.beginRead(c, longAgo) }

// interrupt makes the read under way, and every later one, return at once, whatever the host sets.
func (d *deadlines) interrupt(inner net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownRead, d.known = true, unknown
	_ = inner.SetReadDeadline(longAgo)
}

// hostWrite returns the host's write deadline, zero for none.
func (d *deadlines) hostWrite(c *Conn) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return c.fromStart(d.write)
}

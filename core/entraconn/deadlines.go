package entraconn

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// deadlines keeps the host's deadlines apart from ours. Hosts set theirs at any time, from other goroutines than
// the one that reads or writes, and leave stale ones behind: a stale one must not meet our own I/O (on TLS an
// expired write deadline ends the connection for good), and ours must not be left behind for the host.
//
// To tell the connection below costs more than to follow a command and its reply, and hosts set two or three with each
// command, so where that is known to do no harm (see tame) it is told what it needs to know:
//
//   - The read deadline below may be earlier than the host's, by leeway, or if the host wants none. A read that is woken
//     by it goes on with the host's, see wokenEarly.
//   - A write cannot go on after a timeout. That there is no write deadline any more is told when the next write begins,
//     or the next read, for TLS may have to answer what it reads.
//
// So hosts see no difference: reads and writes end when their deadline has passed, and not before. There is one exception:
// where the host's are of the wall clock, and that is set back, the next read may end early, once, if the host sets the very
// deadline again that it had before, or the clock was set back by as much as the connection was left alone, to within leeway.
type deadlines struct {
	mu sync.Mutex
	// The host's latest.
	read, write moment
	// The read deadline that the connection below is known to have; unknown if every deadline is to be told.
	known moment
	// Whether known was earlier than read since a read was last woken.
	early bool
	// Whether the connection below is known to have no write deadline.
	noWrite bool
	// Why it has a read deadline of ours at the moment; 0 if it has none.
	ownRead ownRead
	// Whether it has a write deadline of ours.
	ownWrite bool
	// How many reads of the host wait for one of ours to end.
	waiting int32
}

// An ownRead is a set of reasons.
type ownRead uint8

const (
	underWay ownRead = 1 << iota // a read of ours
	woken                        // a read of the host's is to return, because there is something to tell it
	forGood                      // all are
)

// leeway lets a host that is busy tell the connection below ten times in a second instead of with every command.
const leeway = 100 * time.Millisecond

// longAgo is a deadline that makes a read return at once.
var longAgo = time.Unix(1, 0)

func (d *deadlines) init() { d.read, d.write, d.known = none, none, unknown }

// readStays remembers the host's read deadline, and reports whether the connection below can keep the one that it has.
func (d *deadlines) readStays(read moment) bool {
	d.read = read
	switch ahead := uint64(read - d.known); {
	case d.ownRead != 0 || ahead == 0:
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
	if err == nil && c.tame && c.accepted.Load() != nil {
		d.known = d.read
	}
}

// writeStays remembers the host's write deadline, and reports whether the connection below can keep the one that it has,
// for now at least.
func (d *deadlines) writeStays(c *Conn, write moment) bool {
	d.write = write
	switch {
	case d.ownWrite || write == none && d.noWrite:
		return true
	case write != none || d.known == unknown || !c.wmu.TryLock():
		return false
	}
	defer c.wmu.Unlock()
	if !c.rmu.TryLock() {
		return false
	}
	defer c.rmu.Unlock()
	c.untold.Store(true) // nobody writes or reads
	return true
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
	at := c.momentOf(t)
	read, write := d.readStays(at), d.writeStays(c, at)
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

func (d *deadlines) setWrite(c *Conn, t time.Time) (err error) {
	at := c.momentOf(t)
	d.mu.Lock()
	if !d.writeStays(c, at) {
		err = c.inner.SetWriteDeadline(t)
		d.writeTold(c, err)
	}
	d.mu.Unlock()
	return err
}

// tellWrite tells the connection below the host's write deadline, because somebody is about to write or to read. The
// caller holds Conn.wmu or Conn.rmu.
func (d *deadlines) tellWrite(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ownWrite {
		return // a read begins while a write of ours is under way, and endWrite tells it
	}
	d.writeTold(c, c.inner.SetWriteDeadline(c.timeOf(d.write))) // fails only on a closed connection, which the write then says
}

// wokenEarly reports whether err woke a read of the host's before the host's deadline, and lets the connection below
// have that one. If it has passed as well, the next read says so.
func (d *deadlines) wokenEarly(c *Conn, err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) { // a peer that is gone is a timeout too
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ownRead != 0 || !d.early {
		return false
	}
	d.early = false
	if d.known != d.read { // else the host has moved it on meanwhile
		until := c.timeOf(d.read)
		if d.read.ofWall() { // the clock may have been set meanwhile: that must not make it later
			now := time.Now()
			until = now.Add(min(until.Sub(now), time.Duration(d.read-d.known)))
		}
		d.readTold(c, c.inner.SetReadDeadline(until))
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
	if d.waiting > 0 || d.ownRead != 0 {
		t = longAgo
	}
	d.own(c.inner, underWay, t)
}

// endRead puts the host's read deadline back.
func (d *deadlines) endRead(c *Conn) { d.disown(c, underWay) }

// wakeRead makes the read under way, or the next one, return at once. Who finds out why calls endWake.
func (d *deadlines) wakeRead(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.own(c.inner, woken, longAgo)
}

// endWake puts the host's read deadline back.
func (d *deadlines) endWake(c *Conn) { d.disown(c, woken) }

// interrupt makes the read under way, and every later one, return at once, whatever the host sets.
func (d *deadlines) interrupt(inner net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.own(inner, forGood, longAgo)
}

// own gives the connection a read deadline of ours. d.mu is held.
func (d *deadlines) own(inner net.Conn, why ownRead, t time.Time) {
	d.ownRead |= why
	d.known = unknown
	_ = inner.SetReadDeadline(t) // fails only on a closed connection, which the read then says
}

// disown gives it the host's, unless there is another reason for ours.
func (d *deadlines) disown(c *Conn, why ownRead) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ownRead &^= why; d.ownRead == 0 {
		d.readTold(c, c.inner.SetReadDeadline(c.timeOf(d.read)))
	}
}

// hurry ends a read of ours, under way or about to be, because the host wants to read. The caller calls hurried when it
// has its turn.
func (d *deadlines) hurry(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting++
	if d.ownRead != 0 {
		_ = c.inner.SetReadDeadline(longAgo)
	}
}

func (d *deadlines) hurried() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting--
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
	d.writeTold(c, c.inner.SetWriteDeadline(c.timeOf(d.write)))
}

// hostWrite returns the host's write deadline, zero for none.
func (d *deadlines) hostWrite(c *Conn) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return c.timeOf(d.write)
}

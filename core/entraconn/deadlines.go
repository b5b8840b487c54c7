package entraconn

import (
	"cmp"
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
// command, so where that is known to do no harm (see loose) it is told now and then only:
//
//   - The read deadline below may be earlier than the host's, by leeway, or if the host wants none. A read that is woken
//     by it goes on with the host's, see wokenEarly: it ends when that has passed, and not before.
//   - A write cannot go on after a timeout. So the write deadline below may be later than the host's, by leeway, if that was
//     far away when it was told. That there is none any more is told when the next write begins, or the next read, for TLS
//     may have to answer what it reads.
//
// Where the host's are of the wall clock, and that is set, a deadline within leeway of one that was told before is taken for
// that one, and is off by as much as the clock was set.
type deadlines struct {
	mu sync.Mutex
	// The host's latest.
	read, write moment
	// Those that the connection below is known to have; unknown if every one is to be told.
	readBelow, writeBelow moment
	// Whether readBelow was earlier than read since a read was last woken.
	early bool
	// Whether writeBelow may be later than write.
	late bool
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

// leeway lets a host that is busy tell the connection below twenty times in a second instead of with every command.
const leeway = 50 * time.Millisecond

// farAway is when leeway makes no difference to who waits for a write: a second, which is a little less when it is told.
// What hosts set unless told otherwise is 3 s or more.
const farAway = time.Second - leeway

// longAgo is a deadline that makes a read return at once.
var longAgo = time.Unix(1, 0)

func (d *deadlines) init() {
	d.read, d.write, d.readBelow, d.writeBelow = none, none, unknown, unknown
}

// loose reports whether the deadlines below may differ from the host's. Until the login is answered they may not: a TLS
// handshake may come first, and cannot go on after a timeout.
func (c *Conn) loose() bool { return c.tame && c.accepted.Load() != nil }

// readStays remembers the host's read deadline, and reports whether the connection below can keep the one that it has.
func (d *deadlines) readStays(read moment) bool {
	d.read = read
	switch ahead := uint64(read - d.readBelow); {
	case d.ownRead != 0 || ahead == 0:
		return true
	case ahead <= uint64(leeway), read == none && d.readBelow != unknown: // not if the one below is later, or none
		d.early = true
		return true
	}
	return false
}

// tellRead tells the connection below the host's read deadline, which is t.
func (d *deadlines) tellRead(c *Conn, t time.Time) error {
	err := c.inner.SetReadDeadline(t)
	d.readTold(c, err)
	return err
}

func (d *deadlines) readTold(c *Conn, err error) {
	d.readBelow = unknown
	if err == nil && c.loose() {
		d.readBelow = d.read
	}
}

// writeStays remembers the host's write deadline, and reports whether the connection below can keep the one that it has,
// for now at least.
func (d *deadlines) writeStays(c *Conn, write moment) bool {
	d.write = write
	behind := uint64(d.writeBelow - write)
	if behind == 0 || d.late && behind <= uint64(leeway) || d.ownWrite {
		c.signals.clear(untold)
		return true
	}
	return write == none && d.writeBelow != unknown && c.untell()
}

// untell leaves it for later to tell the connection below that the host wants no write deadline, if nobody writes or reads.
func (c *Conn) untell() bool {
	if !c.wmu.TryLock() {
		return false
	}
	defer c.wmu.Unlock()
	if !c.rmu.TryLock() {
		return false
	}
	defer c.rmu.Unlock()
	c.signals.set(untold)
	return true
}

// tellWrite tells the connection below the host's write deadline, which is t.
func (d *deadlines) tellWrite(c *Conn, t time.Time) error {
	if d.late = c.loose() && time.Until(t) >= farAway; d.late {
		t = t.Add(leeway)
	}
	err := c.inner.SetWriteDeadline(t)
	d.writeTold(c, err)
	return err
}

func (d *deadlines) writeTold(c *Conn, err error) {
	switch {
	case err != nil || !c.loose():
		d.writeBelow = unknown
	case d.late:
		d.writeBelow = d.write + moment(leeway)
	default:
		d.writeBelow = d.write
	}
	c.signals.clear(untold)
}

// tell tells it both, which are t.
func (d *deadlines) tell(c *Conn, t time.Time) error {
	if c.loose() {
		return cmp.Or(d.tellRead(c, t), d.tellWrite(c, t))
	}
	err := c.inner.SetDeadline(t)
	d.readTold(c, err)
	d.writeTold(c, err)
	return err
}

// catchUp tells the connection below the host's write deadline, because somebody is about to write or to read. The
// caller holds Conn.wmu or Conn.rmu.
func (d *deadlines) catchUp(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ownWrite {
		return // a read begins while a write of ours is under way, and endWrite tells it
	}
	_ = d.tellWrite(c, c.timeOf(d.write)) // fails only on a closed connection, which the write then says
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
	if d.readBelow != d.read { // else the host has moved it on meanwhile
		until := c.timeOf(d.read)
		if d.read.ofWall() { // the clock may have been set meanwhile: that must not make it later
			now := time.Now()
			until = now.Add(min(until.Sub(now), time.Duration(d.read-d.readBelow)))
		}
		_ = d.tellRead(c, until)
	}
	return true
}

// closed is told that the connection is closed: what deadlines are set says so from now on.
func (d *deadlines) closed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.readBelow, d.writeBelow = unknown, unknown
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
	d.readBelow = unknown
	_ = inner.SetReadDeadline(t) // fails only on a closed connection, which the read then says
}

// disown gives it the host's, unless there is another reason for ours.
func (d *deadlines) disown(c *Conn, why ownRead) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ownRead &^= why; d.ownRead == 0 {
		_ = d.tellRead(c, c.timeOf(d.read))
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
	d.ownWrite = true
	_ = c.inner.SetWriteDeadline(t)
}

func (d *deadlines) endWrite(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownWrite = false
	_ = d.tellWrite(c, c.timeOf(d.write))
}

// hostWrite returns the host's write deadline, zero for none.
func (d *deadlines) hostWrite(c *Conn) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return c.timeOf(d.write)
}

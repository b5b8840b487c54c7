// Package deadline keeps the deadlines that a client sets on a connection apart from those of our
// own reads and writes on the same connection.
package deadline

import (
	"net"
	"os"
	"sync"
	"time"
)

// A Conn is a connection with two users: the client, and we ourselves for AUTH.
//
// Clients set deadlines at any time, from other goroutines than the one that reads or writes, and
// leave stale ones there. A stale one must not end our own I/O: TLS takes no more writes after one
// that timed out. Ours must not end the client's. So each deadline of the client is stored, and set
// on the connection below at once unless one of ours is in force there. When ours ends, the
// client's latest takes its place.
//
// The methods of [net.Conn] are the client's. At most one goroutine has a read of ours, and one a
// write of ours.
type Conn struct {
	net.Conn

	// mu is held while deadlines are set on the connection below, which does not block, so that
	// they arrive in order.
	mu                      sync.Mutex
	clientRead, clientWrite time.Time // the client's latest
	ownRead                 reasons   // why the read deadline below is ours, 0 if it is the client's
	ownWrite                bool      // a write of ours has begun
	waitingReads            int16     // reads of the client that wait for a read of ours to end
	waitingWrites           int16     // writes of the client that wait for a write of ours to end
}

// reasons is a set of reasons for a read deadline of ours.
type reasons uint8

const (
	reading     reasons = 1 << iota // a read of ours has begun
	woken                           // a read of the client is to return, because there is something to tell it
	interrupted                     // all reads are to return at once
)

// longAgo is a deadline that makes a read return at once.
var longAgo = time.Unix(1, 0)

// SetDeadline sets the deadlines of the client's reads and writes.
func (c *Conn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clientRead, c.clientWrite = t, t
	switch {
	case c.ownRead == 0 && !c.ownWrite:
		return c.Conn.SetDeadline(t)
	case c.ownRead == 0:
		if err := c.Conn.SetReadDeadline(t); err != nil {
			return err
		}
	}
	return c.setWriteLocked()
}

// SetReadDeadline sets the deadline of the client's reads.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clientRead = t
	if c.ownRead != 0 {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline of the client's writes.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clientWrite = t
	return c.setWriteLocked()
}

// ClientWrite returns the deadline of the client's writes, zero for none.
func (c *Conn) ClientWrite() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clientWrite
}

// BeginRead sets the deadline of a read of ours. The client must not be reading, and waits for
// [Conn.EndRead] if it wants to.
func (c *Conn) BeginRead(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waitingReads > 0 || c.ownRead != 0 {
		t = longAgo
	}
	c.setOwnReadLocked(reading, t)
}

// EndRead ends what [Conn.BeginRead] began.
func (c *Conn) EndRead() { c.restoreRead(reading) }

// HurryRead makes the read of ours that has begun, or the next one, return at once, because a read
// of the client waits for it. The client calls [Conn.Hurried] when it waits no more.
func (c *Conn) HurryRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waitingReads++
	if c.ownRead != 0 {
		_ = c.Conn.SetReadDeadline(longAgo)
	}
}

// ReadWaits reports whether a read of the client waits for a read of ours to end.
func (c *Conn) ReadWaits() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waitingReads > 0
}

// CutRead makes a read of ours that has begun return at once.
func (c *Conn) CutRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ownRead&reading != 0 {
		_ = c.Conn.SetReadDeadline(longAgo)
	}
}

// Hurried ends what [Conn.HurryRead] began.
func (c *Conn) Hurried() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waitingReads--
}

// WakeRead makes the read that has begun, or the next one, return at once, and every one after it
// until [Conn.EndWake].
func (c *Conn) WakeRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setOwnReadLocked(woken, longAgo)
}

// EndWake ends what [Conn.WakeRead] began.
func (c *Conn) EndWake() { c.restoreRead(woken) }

// Interrupt makes the read that has begun, and every later one, return at once, whatever the client
// sets.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setOwnReadLocked(interrupted, longAgo)
}

func (c *Conn) setOwnReadLocked(why reasons, t time.Time) {
	c.ownRead |= why
	_ = c.Conn.SetReadDeadline(t) // fails only on a closed connection, which the read then says
}

// restoreRead sets the client's read deadline again, unless there is another reason for ours.
func (c *Conn) restoreRead(why reasons) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ownRead &^= why; c.ownRead == 0 {
		_ = c.Conn.SetReadDeadline(c.clientRead)
	}
}

// longestOwnWrite bounds a write of ours for which a write of the client waits.
const longestOwnWrite = time.Minute

// BeginWrite sets the deadline of a write of ours, which is a minute ahead at most. The client must
// not be writing before [Conn.EndWrite].
func (c *Conn) BeginWrite(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ownWrite = true
	_ = c.Conn.SetWriteDeadline(t)
	_ = c.setWriteLocked()
}

// EndWrite ends what [Conn.BeginWrite] began, and sets the client's write deadline again.
func (c *Conn) EndWrite() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ownWrite = false
	_ = c.setWriteLocked()
}

// HurryWrite makes the write of ours that has begun, or the next one, end at the client's deadline,
// because a write of the client waits for it. The client calls [Conn.WriteHurried] when it waits no
// more. If its deadline has passed, HurryWrite returns [os.ErrDeadlineExceeded], and the client must
// not wait.
func (c *Conn) HurryWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.clientWrite.IsZero() && !time.Now().Before(c.clientWrite) {
		return os.ErrDeadlineExceeded
	}
	c.waitingWrites++
	if c.ownWrite {
		_ = c.setWriteLocked()
	}
	return nil
}

// WriteHurried ends what [Conn.HurryWrite] began.
func (c *Conn) WriteHurried() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waitingWrites--
}

// setWriteLocked sets the client's deadline below, unless a write of ours has begun for which no
// write of the client waits. It fails only on a closed connection, which a write then says.
func (c *Conn) setWriteLocked() error {
	switch {
	case !c.ownWrite:
		return c.Conn.SetWriteDeadline(c.clientWrite)
	case c.waitingWrites == 0:
		return nil
	}
	t := time.Now().Add(longestOwnWrite)
	if !c.clientWrite.IsZero() && c.clientWrite.Before(t) {
		t = c.clientWrite
	}
	return c.Conn.SetWriteDeadline(t)
}

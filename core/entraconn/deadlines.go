package entraconn

import (
	"net"
	"sync"
	"time"
)

// deadlines keeps the host's deadlines apart from ours. Hosts set theirs at any time, from other goroutines than
// the one that reads or writes, and leave stale ones behind: a stale one must not meet our own I/O (on TLS an
// expired write deadline ends the connection for good), and ours must not be left behind for the host.
type deadlines struct {
	mu   sync.Mutex
	conn net.Conn
	// The host's latest, zero for none.
	read, write time.Time
	// Whether the connection has a deadline of ours at the moment.
	ownRead, ownWrite bool
}

func (d *deadlines) set(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read, d.write = t, t
	switch {
	case d.ownRead && d.ownWrite:
		return nil
	case d.ownRead:
		return d.conn.SetWriteDeadline(t)
	case d.ownWrite:
		return d.conn.SetReadDeadline(t)
	}
	return d.conn.SetDeadline(t)
}

func (d *deadlines) setRead(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read = t
	if d.ownRead {
		return nil
	}
	return d.conn.SetReadDeadline(t)
}

func (d *deadlines) setWrite(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.write = t
	if d.ownWrite {
		return nil
	}
	return d.conn.SetWriteDeadline(t)
}

// beginRead gives the connection a read deadline of ours. The caller holds Conn.rmu, so no read of the host is
// under way.
func (d *deadlines) beginRead(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownRead = true
	_ = d.conn.SetReadDeadline(t) // fails only on a closed connection, which the read then says
}

// endRead puts the host's read deadline back.
func (d *deadlines) endRead() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownRead = false
	_ = d.conn.SetReadDeadline(d.read)
}

// beginWrite and endWrite are the same for writing; the caller holds Conn.wmu.
func (d *deadlines) beginWrite(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownWrite = true
	_ = d.conn.SetWriteDeadline(t)
}

func (d *deadlines) endWrite() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownWrite = false
	_ = d.conn.SetWriteDeadline(d.write)
}

// interrupt makes the read under way, and every later one, return at once, whatever the host sets.
func (d *deadlines) interrupt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ownRead = true
	_ = d.conn.SetReadDeadline(time.Unix(1, 0))
}

// hostWrite returns the host's write deadline, zero for none.
func (d *deadlines) hostWrite() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.write
}

package entraconn

import (
	"crypto/tls"
	"net"
	"time"
	"unsafe"
)

// Write writes p, and with it an AUTH if one is due and may go there. It blocks as the connection below does. The
// first write waits for a valid token if there is none, for at most 5 seconds. n counts bytes of p only. A write
// that was cut short ends the connection for writing.
//
// Bytes behind a blocking command, and the start of a command that is not complete, are kept until they can be sent,
// and count as written. When a mebibyte is kept, Write blocks.
func (c *Conn) Write(p []byte) (n int, err error) {
	c.wmu.Lock()
	commands, ok := c.takeOrdinary(p)
	if !ok {
		n, err = c.writeOther(p)
		c.wmu.Unlock()
		if c.signals.has(rotationWaits) {
			renewal{c}.proceed()
		}
		return n, err
	}
	switch inner := c.inner.Conn.(type) {
	case *net.TCPConn:
		if n, err = inner.Write(p); n == len(p) {
			c.wmu.Unlock()
			return n, err
		}
	case *tls.Conn:
		if n, err = inner.Write(p); n == len(p) {
			c.wmu.Unlock()
			return n, err
		}
	default:
		n, err = inner.Write(p)
	}
	if n < len(p) {
		err = c.cutOrdinaryShort(n, len(p), commands, err)
	}
	c.wmu.Unlock()
	if c.signals.has(rotationWaits) {
		renewal{c}.proceed()
	}
	return n, err
}

// WriteString is Write for a string, which is not copied. A bufio.Writer looks for it: without it redigo writes long values
// in pieces of 4 KiB.
func (c *Conn) WriteString(s string) (n int, err error) {
	// A Writer must not modify what it writes. A copy of 64 KiB would cost redigo a sixth of the CPU of a SET and a GET.
	return c.Write(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// takeOrdinary accounts for p if it consists of ordinary commands and nothing is to go out with it, and reports whether
// that is so. c.wmu is held.
func (c *Conn) takeOrdinary(p []byte) (commands uint64, ok bool) {
	c.mu.Lock() // first: who ends the connection relies on nothing being outstanding
	if c.signals.only(begun, begun|ended) && c.due.Load() == nil {
		commands, ok = c.session.TakeOrdinary(p)
	}
	c.mu.Unlock()
	return commands, ok
}

// SetDeadline sets the deadlines of the client's reads and writes. AUTHs of ours have their own.
func (c *Conn) SetDeadline(t time.Time) error { return c.inner.SetDeadline(t) }

// SetReadDeadline sets the deadline of the client's reads.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.inner.SetReadDeadline(t) }

// SetWriteDeadline sets the deadline of the client's writes.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.inner.SetWriteDeadline(t) }

// Read reads what the server sends to the host. It blocks as the connection below does. If the server refused the
// login, the error is an *entra.AuthError.
func (c *Conn) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return c.inner.Read(p)
	}
	if !c.rmu.TryLock() {
		c.waitToRead()
	}
	if c.early.bytes == nil && !c.signals.has(stopped) { // nearly always
		switch inner := c.inner.Conn.(type) {
		case *net.TCPConn:
			n, err = inner.Read(p)
		case *tls.Conn:
			n, err = inner.Read(p)
		default:
			n, err = inner.Read(p)
		}
		taken := c.takeExpected(p[:n])
		if taken == n && n > 0 && err == nil {
			c.rmu.Unlock()
			if c.signals.has(rotationWaits) {
				renewal{c}.proceed()
			}
			return n, nil
		}
		n, err = c.readOther(p, n, taken, err)
	}
	if n == 0 && err == nil {
		n, err = c.readOn(p)
	}
	c.rmu.Unlock()
	if c.signals.has(rotationWaits) {
		renewal{c}.proceed()
	}
	return n, err
}

// takeExpected takes the replies at the start of what was read that commands of the host were to get, and returns how
// many bytes they are.
func (c *Conn) takeExpected(p []byte) (taken int) {
	c.mu.Lock()
	taken = c.session.TakeExpected(p)
	c.mu.Unlock()
	return taken
}

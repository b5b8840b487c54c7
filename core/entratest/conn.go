package entratest

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// socketBuffer is how many bytes may be under way in one direction before a writer waits.
const socketBuffer = 64 << 10

// unbounded is for the replies of a server that, like Redis, keeps what its client does not read.
const unbounded = 1 << 62

// A conn is one end of an in-memory connection.
type conn struct {
	in, out       *stream // what the peer writes, what the peer reads
	local, remote net.Addr

	mu     sync.Mutex
	linger bool // false after SetLinger(0)
}

// connPair connects a client and a server, each direction with a buffer of its own size.
func connPair(client, server net.Addr, toServer, toClient int) (*conn, *conn) {
	up, down := newStream(toServer), newStream(toClient)
	return &conn{in: down, out: up, local: client, remote: server, linger: true},
		&conn{in: up, out: down, local: server, remote: client, linger: true}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.opError("read", err)
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.opError("write", err)
}

// Close ends both directions. What was written before is still delivered to the peer, then io.EOF.
func (c *conn) Close() error {
	c.mu.Lock()
	linger := c.linger
	c.mu.Unlock()
	if !c.in.closeRead(!linger) {
		return c.opError("close", net.ErrClosed)
	}
	c.out.closeWrite(!linger)
	return nil
}

// SetLinger with 0 makes the next Close a reset, as [net.TCPConn.SetLinger] does; other values wait for nothing.
func (c *conn) SetLinger(sec int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.linger = sec != 0
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	err := c.SetReadDeadline(t)
	if err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *conn) SetReadDeadline(t time.Time) error {
	return c.opError("set", c.in.reader.set(c.in, t))
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.opError("set", c.out.writer.set(c.out, t))
}

func (c *conn) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

// A stream is one direction of a connection: bytes in order, between one reading and one writing end.
type stream struct {
	limit int

	mu     sync.Mutex
	change sync.Cond // anything below has changed
	// buf[off:] is under way. Taking bytes off the front moves off, and the array is used again once it is empty.
	buf    []byte
	off    int
	reader end
	writer end
	reset  bool // by either end: nothing more is delivered

	// writing keeps concurrent Writes whole, as the kernel does; it is held while a Write waits for room.
	writing turn
}

// An end is what one side of a stream has done to it.
type end struct {
	closed  bool
	expired bool // the deadline has passed
	timer   *time.Timer
}

func newStream(limit int) *stream {
	s := &stream{limit: limit, writing: make(turn, 1)}
	s.change.L = &s.mu
	return s
}

// A turn is a mutex that testing/synctest sees through: it counts a goroutine waiting for a sync.Mutex as running.
type turn chan struct{}

func (t turn) take()    { t <- struct{}{} }
func (t turn) release() { <-t }

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.reader.closed:
			return 0, net.ErrClosed
		case s.reset:
			return 0, syscall.ECONNRESET
		case s.reader.expired:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case s.off < len(s.buf):
			n := copy(p, s.buf[s.off:])
			s.off += n
			if s.off == len(s.buf) {
				s.buf, s.off = s.buf[:0], 0
			}
			s.change.Broadcast()
			return n, nil
		case s.writer.closed:
			return 0, io.EOF
		}
		s.change.Wait()
	}
}

func (s *stream) write(p []byte) (int, error) {
	s.writing.take()
	defer s.writing.release()
	s.mu.Lock()
	defer s.mu.Unlock()
	written := 0
	for {
		switch {
		case s.writer.closed:
			return written, net.ErrClosed
		case s.reset:
			return written, syscall.ECONNRESET
		case s.reader.closed:
			return written, syscall.EPIPE
		case s.writer.expired:
			return written, os.ErrDeadlineExceeded
		case written == len(p):
			return written, nil
		}
		room := s.limit - (len(s.buf) - s.off)
		if room <= 0 {
			s.change.Wait()
			continue
		}
		if s.off > 0 && len(s.buf)+len(p) > cap(s.buf) {
			s.buf = append(s.buf[:0], s.buf[s.off:]...)
			s.off = 0
		}
		n := min(room, len(p)-written)
		s.buf = append(s.buf, p[written:written+n]...)
		written += n
		s.change.Broadcast()
		if written == len(p) {
			return written, nil
		}
	}
}

// closeRead reports whether the reading end was open until now.
func (s *stream) closeRead(reset bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader.closed {
		return false
	}
	s.reader.close()
	s.reset = s.reset || reset
	s.buf, s.off = nil, 0
	s.change.Broadcast()
	return true
}

func (s *stream) closeWrite(reset bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer.close()
	s.reset = s.reset || reset
	s.change.Broadcast()
}

func (e *end) close() {
	e.closed = true
	if e.timer != nil {
		e.timer.Stop()
	}
}

// set arms the deadline of one end of s. A zero t means none, a past one ends waiting calls at once.
func (e *end) set(s *stream, t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.closed {
		return net.ErrClosed
	}
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
	e.expired = false
	if t.IsZero() {
		return nil
	}
	left := time.Until(t)
	if left <= 0 {
		e.expired = true
		s.change.Broadcast()
		return nil
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if e.timer == timer { // else a later deadline has taken its place
			e.expired = true
			s.change.Broadcast()
		}
	})
	e.timer = timer
	return nil
}

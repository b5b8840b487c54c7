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

// A conn is one end of an in-memory connection.
type conn struct {
	in, out       *stream // what the peer writes, what the peer reads
	local, remote net.Addr

	mu     sync.Mutex
	linger bool // false after SetLinger(0)
	closed bool
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
	linger, again := c.linger, c.closed
	c.closed = true
	c.mu.Unlock()
	if again {
		return c.opError("close", net.ErrClosed)
	}
	// Writing ends first, so that a goroutine that wakes because reading has ended cannot write any
	// more.
	c.out.closeWrite(!linger)
	c.in.closeRead(!linger)
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
	return c.opError("set", c.in.setReadDeadline(t))
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.opError("set", c.out.setWriteDeadline(t))
}

func (c *conn) opError(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

package dialing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// A Stub is a connection that was not dialed, because the client is to hear the reason from the
// connection and not from its dial. For a second each call returns the reason, because the client has
// just waited in the dial. After that the reason may be over: pools keep connections that they have
// dialed in advance. So the first write dials, and then the Stub passes every call on.
//
// Its methods are safe for concurrent use. A read before that write returns the reason. Reads and
// writes that come while it dials wait for that.
type Stub struct {
	network, addr string
	cause         error
	madeAt        time.Time
	dialLater     func(ctx context.Context) (net.Conn, error)

	mu         sync.Mutex
	conn       net.Conn           // nil until it was dialed
	err        error              // that of the dial, or of Close; nil if there is none
	dialEnded  chan struct{}      // closed when the dial has ended; nil before the first write
	giveUp     context.CancelFunc // ends the dial; nil if none is under way
	timer      *time.Timer        // calls giveUp at the write deadline; nil if no dial is under way
	readUntil  time.Time          // the deadlines that the client has set
	writeUntil time.Time
}

// answersFor is how long a Stub answers with the reason.
const answersFor = time.Second

// NewStub returns a connection to addr that was not dialed for a reason. dial is called once at most. Its
// context ends at the write deadline of the client, and with Close.
func NewStub(network, addr string, cause error, dial func(ctx context.Context) (net.Conn, error)) *Stub {
	return &Stub{network: network, addr: addr, cause: cause, madeAt: time.Now(), dialLater: dial}
}

// Read implements [net.Conn].
func (c *Stub) Read(p []byte) (int, error) {
	conn, err := c.awaitDial()
	if err != nil {
		return 0, err
	}
	return conn.Read(p)
}

// Write implements [net.Conn].
func (c *Stub) Write(p []byte) (int, error) {
	conn, err := c.dialOnce()
	if err != nil {
		return 0, err
	}
	return conn.Write(p)
}

// WriteString is Write for a string, which is not copied if the connection that was dialed has it.
func (c *Stub) WriteString(s string) (int, error) {
	conn, err := c.dialOnce()
	if err != nil {
		return 0, err
	}
	return io.WriteString(conn, s)
}

// dialOnce returns the connection, which the first call dials unless it comes too early.
func (c *Stub) dialOnce() (net.Conn, error) {
	c.mu.Lock()
	if c.err != nil || c.dialEnded != nil || time.Since(c.madeAt) < answersFor {
		c.mu.Unlock()
		return c.awaitDial()
	}
	ctx, giveUp := context.WithCancel(context.Background())
	if !c.writeUntil.IsZero() {
		ctx, giveUp = context.WithDeadline(context.Background(), c.writeUntil)
	}
	defer giveUp()
	c.dialEnded, c.giveUp = make(chan struct{}), giveUp
	c.mu.Unlock()
	conn, err := c.dialLater(ctx)
	if err != nil && ctx.Err() == context.Canceled { // by timer, or by Close, which has said so
		err = os.ErrDeadlineExceeded
	}
	return c.finishDial(conn, err)
}

// finishDial acts on the end of the dial.
func (c *Stub) finishDial(conn net.Conn, err error) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(c.dialEnded)
	if c.giveUp = nil; c.timer != nil {
		c.timer.Stop()
	}
	switch {
	case c.err != nil: // closed meanwhile
		if err == nil {
			_ = conn.Close() // nothing was sent on it
		}
	case err == nil:
		_ = conn.SetReadDeadline(c.readUntil) // fails only on a closed connection, which the next call says
		_ = conn.SetWriteDeadline(c.writeUntil)
		c.conn = conn
	default:
		c.err = err
	}
	return c.conn, c.err
}

// awaitDial returns the connection, and waits for its dial if that is under way.
func (c *Stub) awaitDial() (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return nil, c.err
	case c.dialEnded == nil:
		return nil, c.cause
	case c.conn == nil:
		ended := c.dialEnded
		c.mu.Unlock()
		<-ended
		c.mu.Lock()
	}
	return c.conn, c.err
}

// Close implements [net.Conn]. It ends a dial that is under way.
func (c *Stub) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		return c.conn.Close()
	}
	c.err = net.ErrClosed
	if c.giveUp != nil {
		c.giveUp()
	}
	return nil
}

// LocalAddr implements [net.Conn]. Before the dial it is an address without a text.
func (c *Stub) LocalAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		return c.conn.LocalAddr()
	}
	return HostPort{c.network, ""}
}

// RemoteAddr implements [net.Conn]. Before the dial it is the address that was to be dialed.
func (c *Stub) RemoteAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		return c.conn.RemoteAddr()
	}
	return HostPort{c.network, c.addr}
}

// SetDeadline implements [net.Conn].
func (c *Stub) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements [net.Conn]. It does not end a read that waits for the dial.
func (c *Stub) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		return c.conn.SetReadDeadline(t)
	}
	c.readUntil = t
	return nil
}

// SetWriteDeadline implements [net.Conn]. While it dials, it can shorten the time for that.
func (c *Stub) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		return c.conn.SetWriteDeadline(t)
	}
	c.writeUntil = t
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.giveUp != nil && !t.IsZero() {
		c.timer = time.AfterFunc(time.Until(t), c.giveUp)
	}
	return nil
}

// Format implements [fmt.Formatter]. Every verb gives the server of the connection.
func (c *Stub) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "dialing.Stub{server: %s}", c.addr)
}

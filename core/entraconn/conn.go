package entraconn

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/deadline"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A Conn is a connection to Redis that logs in with a Microsoft Entra token and stays logged in. To the host, the
// client library above, it looks and behaves like the connection below it: AUTH commands and their answers never
// show.
//
// Read, Write, Close and the deadlines may be called from several goroutines at once, as on any net.Conn. It hides
// what else the connection below can do, because hosts that find a syscall.Conn or a tls.Conn look at bytes that
// are not theirs.
type Conn struct {
	inner deadline.Conn // the connection below

	// wmu serialises what goes to the server. It is held over I/O, because bytes of ours and of the host must
	// not mix.
	wmu     sync.Mutex
	due     atomic.Pointer[rotation.Due] // nil if no AUTH is due
	signals signals

	closed   bool // this and the next two are guarded by mu
	left     bool // its end has been reported
	resuming bool // a goroutine is about to send what is held back

	server *server

	// mu guards what follows, up to end.
	mu      sync.Mutex
	session session.Session
	backlog *backlog // nil until something was held back
	end     *ending  // nil while the connection is whole

	written *rotation.Credential // in the AUTH that was written last; nil before the login; guarded by wmu

	// rmu serialises what comes from the server. It is held over I/O for the same reason.
	rmu   sync.Mutex
	early stash // guarded by rmu

	id       uint64                              // among the connections of the Dialer
	opened   time.Duration                       // since the Dialer's start
	accepted atomic.Pointer[rotation.Credential] // that the server accepted last
	loggedIn chan struct{}                       // closed when the login was answered; nil without SeparateLogin
	opening  *opening                            // nil from the login on; guarded by mu, and written with wmu held as well

	member rotation.Member // of the server's rotation, which guards it
}

// An opening is what a connection needs only until its login is written.
type opening struct {
	ctx    context.Context    // what the observer's ConnOpened returned
	giveUp context.CancelFunc // ends the wait for a token; nil while there is none
}

// waitToRead locks c.rmu where somebody else has it: another read of the host's, or one of ours, which ends for that.
func (c *Conn) waitToRead() {
	c.inner.HurryRead()
	c.rmu.Lock()
	c.inner.Hurried()
}

// readOn is Read where there may be something to do before, or again. c.rmu is held.
func (c *Conn) readOn(p []byte) (int, error) {
	for {
		if n := c.early.take(p); n > 0 {
			return n, nil
		}
		if c.signals.has(stopped) {
			return 0, c.endedNow()
		}
		n, err := c.inner.Read(p)
		if n, err = c.readOther(p, n, c.takeExpected(p[:n]), err); n > 0 || err != nil {
			return n, err
		}
	}
}

// readOther goes on with a read of n bytes, of which the first were taken. What is for the host is left at the start of
// p, which may be nothing. c.rmu is held.
func (c *Conn) readOther(p []byte, n, taken int, err error) (int, error) {
	kept, behind, err := c.readBehind(p, n, taken, err)
	if c.early.add(behind); c.early.len() > 0 {
		err = nil // which the next read meets again
	}
	return kept, err
}

// read reads once and leaves what is for the host at the start of p, which may be nothing; behind is what comes after
// that. c.rmu is held.
func (c *Conn) read(p []byte) (n int, behind []byte, err error) {
	n, err = c.inner.Read(p)
	return c.readBehind(p, n, 0, err)
}

// readEarly reads once, for at most d, and keeps what comes for the host. c.rmu is held.
func (c *Conn) readEarly(buf []byte, d time.Duration) error {
	c.inner.BeginRead(time.Now().Add(d))
	n, behind, err := c.read(buf)
	c.inner.EndRead()
	c.early.add(buf[:n])
	c.early.add(behind)
	return err
}

// readBehind is read after the connection below was read and some of that was taken.
func (c *Conn) readBehind(p []byte, n, taken int, err error) (int, []byte, error) {
	var behind []byte
	if n > taken || c.hasPendingReply() {
		n, behind = c.received(p[:n], taken)
		if len(behind) > 0 && isTimeout(err) {
			err = nil // that was the read being woken, or the next one meets it again
		}
	}
	if err == nil {
		return n, behind, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ended := c.ended(); ended != nil {
		return n, behind, ended // the read was interrupted for this
	}
	if !isTimeout(err) {
		c.lose(entra.CloseByServer, err)
	}
	return n, behind, err
}

// received takes what the server sent, of which the first bytes were taken, and leaves what is for the host at the
// start of p, and behind that. c.rmu is held.
func (c *Conn) received(p []byte, taken int) (n int, behind []byte) {
	c.mu.Lock()
	if c.session.HasPendingReply() {
		c.inner.EndWake() // a read was woken for that, unless it had something to read
	}
	n, behind, err := c.session.Received(p, taken, environment{c})
	verdicts := c.session.TakeVerdicts()
	if err == session.ErrDesync {
		c.fail(entra.CloseProtocol, err)
	}
	ready := c.session.Ready()
	staysInRESP2 := c.session.TakeStaysInRESP2()
	c.mu.Unlock()
	if staysInRESP2 {
		c.server.staysInRESP2(time.Now())
	}
	for _, v := range verdicts {
		c.answered(v)
	}
	if ready {
		c.resumeIfReady()
	}
	if err == session.ErrDesync {
		_ = c.inner.Close() // the server must not run what was queued behind it
	}
	return n, behind
}

// Close closes the connection. It does not wait for a Read or a Write under way; they return an error.
func (c *Conn) Close() error {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	if c.opening != nil && c.opening.giveUp != nil {
		c.opening.giveUp()
	}
	c.wakeWriters()
	c.mu.Unlock()
	if first {
		c.leave()
	}
	return c.inner.Close()
}

// LocalAddr returns the local address of the connection below.
func (c *Conn) LocalAddr() net.Addr { return c.inner.LocalAddr() }

// RemoteAddr returns the remote address of the connection below.
func (c *Conn) RemoteAddr() net.Addr { return c.inner.RemoteAddr() }

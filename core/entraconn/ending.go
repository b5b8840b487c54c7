package entraconn

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// An ending is what has become of a connection that is not whole any more. What ended it first is what will be
// reported when the host closes it.
type ending struct {
	at          time.Time
	reason      entra.CloseReason
	unrenewable session.Reason
	cause       error
	err         error // what Read and Write return from now on, if not nil
	writeErr    error // what Write returns from now on, if not nil
	lastWords   bool  // the server has said why, and the host has yet to read it
}

// fail makes Read and Write return err from now on. c.mu is held.
func (c *Conn) fail(why entra.CloseReason, err error) {
	c.lose(why, err)
	if c.end.err == nil {
		c.end.err = err
		c.signals.set(stopped)
	}
}

// lose remembers why the connection ended, if it has not ended before. c.mu is held.
func (c *Conn) lose(why entra.CloseReason, err error) {
	if c.end != nil {
		return
	}
	if c.closed {
		why, err = entra.CloseByClient, nil // whatever comes of that
	}
	now := time.Now()
	if cred := c.accepted.Load(); why == entra.CloseByServer && cred != nil && !now.Before(cred.Token().ExpiresOn()) {
		why = entra.CloseExpired
	}
	barred, _ := c.session.BarredBy()
	c.end = &ending{at: now, reason: why, unrenewable: barred, cause: err}
	c.signals.set(ended)
	c.wakeWriters()
}

// ended returns why nothing more can be read, nil if it can. c.mu is held.
func (c *Conn) ended() error {
	if c.end == nil {
		return nil
	}
	return c.end.err
}

// endedNow is ended for callers that do not hold c.mu.
func (c *Conn) endedNow() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended()
}

// broken returns why nothing more can be written, nil if it can. c.mu is held.
func (c *Conn) broken() error {
	switch {
	case c.closed:
		return net.ErrClosed
	case c.end == nil:
		return nil
	case c.end.err != nil:
		return c.end.err
	}
	return c.end.writeErr
}

// leave reports the end of a connection, once: when the host closes it, or when a worker finds that it has ended, for
// nobody may use an idle one for hours.
func (c *Conn) leave() {
	c.mu.Lock()
	if c.left {
		c.mu.Unlock()
		return
	}
	c.left = true
	c.lose(entra.CloseByClient, nil)
	end := *c.end
	unanswered := c.session.OutstandingAuths()
	id := c.session.ClientID()
	c.mu.Unlock()
	c.server.blocked.remove(id, c)

	err := end.cause
	if err == nil {
		err = net.ErrClosed
	}
	for _, a := range unanswered {
		c.authDone(a.(*sentAuth), err)
	}
	c.server.remove(c, end)
	info := entra.ConnClosedInfo{
		Conn: c.info(), Reason: end.reason, Age: end.at.Sub(c.server.dialer.start) - c.opened,
		Unrenewable: end.unrenewable.String(), Err: end.cause,
	}
	if cred := c.accepted.Load(); cred != nil {
		info.TokenExpiresOn = cred.Token().ExpiresOn()
	}
	c.server.dialer.obs.ConnClosed(context.Background(), info)
}

// info names the connection for an observer.
func (c *Conn) info() entra.ConnInfo {
	opts := &c.server.dialer.opts
	return entra.ConnInfo{
		Library: opts.Library, Pool: opts.Name, ID: c.id, ServerAddr: c.server.addr, RemoteAddr: c.inner.RemoteAddr(),
	}
}

func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}

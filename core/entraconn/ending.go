package entraconn

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// An ending is what ended a connection first, as it will be reported when the host closes it.
type ending struct {
	at          time.Time
	reason      entra.CloseReason
	err         error
	unrenewable string
}

// fail makes Read and Write return err from now on. c.mu is held.
func (c *Conn) fail(reason entra.CloseReason, err error) {
	if c.err == nil {
		c.err = err
	}
	c.lose(reason, err)
}

// lose remembers why the connection ended, if it has not ended before. c.mu is held.
func (c *Conn) lose(reason entra.CloseReason, err error) {
	if c.end.reason != "" || c.closed {
		return
	}
	now := time.Now()
	if cred := c.accepted.Load(); reason == entra.CloseByServer && cred != nil && !now.Before(cred.token.ExpiresOn()) {
		reason = entra.CloseExpired
	}
	why, _ := c.session.barredBy()
	c.end = ending{at: now, reason: reason, err: err, unrenewable: why}
}

// ended returns why nothing more can be read.
func (c *Conn) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// broken returns why nothing more can be written. c.mu is held.
func (c *Conn) broken() error {
	if c.err != nil {
		return c.err
	}
	return c.writeErr
}

// retire ends a connection that cannot be renewed, if nothing is outstanding on it: the host meets EOF between two
// replies, which it takes for a server that closed an idle connection, and not in the middle of one. It reports
// whether it did, and why the connection cannot be renewed, if it cannot.
func (c *Conn) retire() (retired bool, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	why, forever := c.session.barredBy()
	if c.err != nil || c.closed || !forever || c.session.foreign || !c.session.settled() {
		return false, why
	}
	c.fail(entra.CloseUnsupported, io.EOF)
	c.deadlines.interrupt()
	return true, why
}

// leave reports the end of a connection, once, when the host closes it.
func (c *Conn) leave() {
	c.mu.Lock()
	if c.end.reason == "" {
		c.end = ending{at: time.Now(), reason: entra.CloseByClient}
		c.end.unrenewable, _ = c.session.barredBy()
	}
	end := c.end
	unanswered := c.session.outstandingAuths()
	c.mu.Unlock()

	err := end.err
	if err == nil {
		err = net.ErrClosed
	}
	for _, a := range unanswered {
		c.authDone(a, err)
	}
	c.dialer.remove(c, end)
	info := entra.ConnClosedInfo{
		Conn: c.info, Reason: end.reason, Age: end.at.Sub(c.opened), Unrenewable: end.unrenewable, Err: end.err,
	}
	if cred := c.accepted.Load(); cred != nil {
		info.TokenExpiresOn = cred.token.ExpiresOn()
	}
	c.dialer.obs.ConnClosed(c.openCtx, info)
}

func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}

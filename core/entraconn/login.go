package entraconn

import (
	"context"
	"errors"
	"math"
	"net"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/tokenwait"
)

// loginPatience bounds how long SeparateLogin waits for an answer below a client that has set no later
// write deadline.
const loginPatience = 5 * time.Second

// A login is what a connection needs until its login was answered. Conn.mu guards the fields below
// conn.
type login struct {
	conn       *Conn
	waitBudget time.Duration      // for how long the login gate may keep it waiting; Conn.wmu guards it
	ctx        context.Context    // what the observer's ConnOpened returned; the first AUTH begins with it
	giveUp     context.CancelFunc // ends the wait for a token or a permit, nil while there is none
}

// endLogin frees what a connection needs only until its login was answered.
func endLogin(c *Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.login = nil
	c.backlog.wakeWritersLocked()
}

// firstAuthLocked returns the AUTH that starts the connection, with the token that is newest now:
// clients dial connections long before they use them. With SeparateLogin it writes the AUTH alone and
// returns nil: the session holds everything back until the answer. If the login gate rejects the
// login, it ends the connection with the refusal. It needs Conn.wmu.
func (l *login) firstAuthLocked() (*sentAuth, error) {
	cred, err := l.credentialLocked()
	if err != nil {
		return nil, err
	}
	a := newLoginAuth(l.conn, cred)
	if !l.conn.server.dialer.opts.SeparateLogin {
		return a, nil
	}
	if err := a.writeLocked(l.limit(time.Now().Add(ownWriteTimeout))); err != nil {
		return nil, err
	}
	time.AfterFunc(loginPatience, l.endUnanswered)
	return nil, nil
}

// endUnanswered ends the connection if the server has not answered a login that was written alone. A
// write deadline of the client that is later than this comes first: with a password the client waits
// until then.
func (l *login) endUnanswered() {
	c := l.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.session.AwaitsLogin() || c.ending != nil {
		return
	}
	if remaining := time.Until(c.inner.ClientWrite()); remaining > 0 {
		time.AfterFunc(remaining, l.endUnanswered)
		return
	}
	c.failLocked(entra.CloseAuthTimeout, errUnanswered)
	c.inner.Interrupt()
}

// credentialLocked waits for a token if there is none, as long as the Source says, and for the login
// gate, as long as its budget, which grows while the connection is silent, and a quarter of the time
// until the client's write deadline. Both waits end with that deadline and with Close. It needs Conn.wmu.
func (l *login) credentialLocked() (*rotation.Credential, error) {
	c, now := l.conn, time.Now()
	l.waitBudget = admission.Regrow(l.waitBudget, now.Sub(c.server.dialer.startedAt)-c.opened)
	if clientDeadline := c.inner.ClientWrite(); !clientDeadline.IsZero() {
		l.waitBudget = min(l.waitBudget, clientDeadline.Sub(now)/4)
	}
	ctx, cancel := context.WithDeadline(context.Background(), l.limit(now.Add(math.MaxInt64)))
	defer cancel()
	c.mu.Lock()
	if err := c.ending.writeErr(); err != nil {
		c.mu.Unlock()
		return nil, err
	}
	l.giveUp = cancel
	c.mu.Unlock()
	cred, err := c.server.admitLogin(tokenwait.ForLogin(ctx), c, &l.waitBudget)
	c.mu.Lock()
	l.giveUp = nil
	closed := c.ending.isClosed()
	if errors.As(err, new(*entra.AuthError)) {
		c.failLocked(entra.CloseAuthRejected, err)
	}
	c.mu.Unlock()
	if closed {
		c.server.giveBack(c) // Close may have come before the permit
		return nil, net.ErrClosed
	}
	return cred, err
}

// limit returns latest, or the client's write deadline if that is earlier.
func (l *login) limit(latest time.Time) time.Time {
	if clientDeadline := l.conn.inner.ClientWrite(); !clientDeadline.IsZero() && clientDeadline.Before(latest) {
		return clientDeadline
	}
	return latest
}

// giveUpLocked ends the wait for a token or a permit, if there is one. It needs Conn.mu.
func (l *login) giveUpLocked() {
	if l != nil && l.giveUp != nil {
		l.giveUp()
	}
}

// contextLocked returns the context with which the next AUTH begins. It needs Conn.mu.
func (l *login) contextLocked() context.Context {
	if l == nil || l.ctx == nil {
		return context.Background()
	}
	ctx := l.ctx
	l.ctx = nil
	return ctx
}

package entraconn

import (
	"context"
	"net"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
)

const (
	// tokenPatience bounds how long a dial or a first write waits for a token when there is none:
	// go-redis and rueidis allow 5 seconds for a dial.
	tokenPatience = 5 * time.Second
	// rejectedPatience is tokenPatience for a rejected credential, which waiting does not mend. It
	// is long enough for a rejection that is over soon, and short enough for callers to learn the
	// reason before they give up.
	rejectedPatience = time.Second
	// loginPatience bounds how long SeparateLogin waits for an answer.
	loginPatience = 5 * time.Second
)

// A login is what a connection needs until its login was answered. Conn.mu guards the fields below
// conn.
type login struct {
	conn     *Conn
	ctx      context.Context    // what the observer's ConnOpened returned; the first AUTH begins with it
	giveUp   context.CancelFunc // ends the wait for a token, nil while there is none
	answered chan struct{}      // closed when the login was answered
}

// firstAuthLocked returns the AUTH that starts the connection, with the token that is newest now:
// clients dial connections long before they use them. With SeparateLogin it writes the AUTH alone,
// waits for the answer, and returns nil. It needs Conn.wmu.
func (l *login) firstAuthLocked() (*sentAuth, error) {
	cred, err := l.credential()
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
	return nil, l.awaitAnswer()
}

// credential waits for a token if there is none, until the client's write deadline or Close, and
// for 5 seconds at most.
func (l *login) credential() (*rotation.Credential, error) {
	c := l.conn
	ctx, cancel := context.WithDeadline(context.Background(), l.limit(time.Now().Add(tokenPatience)))
	defer cancel()
	c.mu.Lock()
	if err := c.ending.writeErr(); err != nil {
		c.mu.Unlock()
		return nil, err
	}
	l.giveUp = cancel
	c.mu.Unlock()
	cred, err := c.server.rotation.LoginCredential(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	l.giveUp = nil
	if c.ending.isClosed() {
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

// awaitAnswer waits for the answer to a login that was written alone. A read of the client may find
// the answer first.
func (l *login) awaitAnswer() error {
	c, patience, buf := l.conn, time.Now().Add(loginPatience), make([]byte, lookSize)
	remaining := func() time.Duration { return min(longestLook, time.Until(l.limit(patience))) }
	for remaining() > 0 {
		switch (renewal{c}).lookForAnswer(buf, remaining()) {
		case rotation.Pending:
			continue
		case rotation.Ended:
			return nil // the write that follows finds why
		}
		select {
		case <-l.answered:
			return nil
		case <-time.After(remaining()):
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failLocked(entra.CloseAuthTimeout, errUnanswered)
	return c.ending.connErr
}

// giveUpLocked ends the wait for a token, if there is one. It needs Conn.mu.
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

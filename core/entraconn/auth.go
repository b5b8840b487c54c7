package entraconn

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// login returns the AUTH that starts the connection, with the token that is newest now: hosts dial connections
// long before they use them. c.wmu is held.
func (c *Conn) login() (*attempt, error) {
	cred, err := c.dialer.loginCredential(context.Background(), c.deadlines.hostWrite(c))
	if err != nil {
		return nil, err
	}
	a := newAttempt(cred, entra.AuthInitial)
	if !c.dialer.opts.SeparateLogin {
		return a, nil
	}
	if err := c.writeAuth(a); err != nil {
		return nil, err
	}
	return nil, c.awaitLogin()
}

// awaitLogin waits for the answer to a login that was written alone. Whoever reads meanwhile finds it for us.
func (c *Conn) awaitLogin() error {
	limit := c.deadlines.hostWrite(c)
	if patience := time.Now().Add(loginPatience); limit.IsZero() || limit.After(patience) {
		limit = patience
	}
	buf := make([]byte, lookSize)
	for {
		select {
		case <-c.loggedIn:
			return c.endedNow()
		default:
		}
		if !time.Now().Before(limit) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.fail(entra.CloseAuthTimeout, errUnanswered)
			return c.end.err
		}
		if c.look(buf, longestLook) == someoneReads {
			select {
			case <-c.loggedIn:
			case <-time.After(longestLook):
			}
		}
	}
}

// errUnanswered ends a connection on which an AUTH was never answered.
var errUnanswered = &timeoutError{"entraconn: the server did not answer AUTH"}

type timeoutError struct{ text string }

func (e *timeoutError) Error() string   { return e.text }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }

// writeAuth writes an AUTH alone, with a deadline of ours. c.wmu is held.
func (c *Conn) writeAuth(a *attempt) error {
	c.mu.Lock()
	mark := c.session.sent
	c.session.insert(0, a)
	c.mu.Unlock()
	c.startAuth(a)
	c.deadlines.beginWrite(c, time.Now().Add(ownWriteTimeout))
	n, err := c.inner.Write(a.cred.wire)
	c.deadlines.endWrite(c)
	if n < len(a.cred.wire) {
		c.cutShort(n, &mark, err)
	}
	c.wroteAuth(a, err)
	return err
}

// startAuth tells the observer that an AUTH is about to be written. c.wmu is held.
func (c *Conn) startAuth(a *attempt) {
	ctx := context.Background()
	if c.openCtx != nil {
		ctx, c.openCtx = c.openCtx, nil
	}
	a.ctx = c.dialer.obs.AuthStart(ctx, entra.AuthStartInfo{Conn: c.info(), Phase: a.phase})
	a.told.Store(toldStart)
}

// wroteAuth remembers that an AUTH is on its way, if it is. c.wmu is held.
func (c *Conn) wroteAuth(a *attempt, err error) {
	c.mu.Lock()
	if c.closed && err == nil {
		err = net.ErrClosed // and nobody will look for an answer
	}
	c.mu.Unlock()
	if err != nil {
		c.authDone(a, err)
		return
	}
	c.written = a.cred
	if due := c.due.Load(); due != nil && due.cred == a.cred {
		c.due.CompareAndSwap(due, nil)
	}
}

// authDone tells the observer how an AUTH ended, once, if it was told that it began.
func (c *Conn) authDone(a *attempt, err error) {
	if a.told.CompareAndSwap(toldStart, toldDone) {
		c.dialer.obs.AuthDone(a.ctx, entra.AuthDoneInfo{Conn: c.info(), Phase: a.phase, Duration: time.Since(a.begun), Err: err})
	}
}

// answered acts on the server's answer to an AUTH. c.rmu is held.
func (c *Conn) answered(v verdict) {
	a := v.auth
	if v.ok {
		c.accepted.Store(a.cred)
		c.authDone(a, nil)
		c.dialer.authAccepted(c, a)
		c.loginOver()
		return
	}
	refused := &entra.AuthError{Addr: c.addr, Err: errors.New(v.line)}
	c.authDone(a, refused)
	switch {
	case a.phase != entra.AuthInitial:
		// The server keeps whom it knew: the connection goes on with the old token.
		c.dialer.authRefused(c, a)
	case refusesLogin(v.line):
		c.mu.Lock()
		c.fail(entra.CloseAuthRejected, refused)
		c.mu.Unlock()
		c.dialer.loginRefused(a.cred, refused)
		c.loginOver()
	default:
		// The server serves nobody now: it is full, or starting. Hosts know these errors and when to retry, so
		// theirs is the first command that gets it, and the connection ends there.
		c.early = append(c.early, "-"+v.line+"\r\n"...)
		c.mu.Lock()
		c.fail(entra.CloseByServer, io.EOF)
		c.mu.Unlock()
		c.dialer.loginUndecided(c)
		c.loginOver()
	}
}

// loginOver wakes who waits for the login. c.rmu is held.
func (c *Conn) loginOver() {
	if c.loggedIn == nil {
		return
	}
	select {
	case <-c.loggedIn:
	default:
		close(c.loggedIn)
	}
}

// refusesLogin reports whether an error line means that the server does not accept the token, rather than that it
// serves nobody at the moment.
func refusesLogin(line string) bool {
	return slices.ContainsFunc([]string{
		"WRONGPASS ", "NOAUTH ", "NOPERM ",
		"ERR invalid ", "ERR AUTH ", "ERR Client sent AUTH", // older servers and proxies
	}, func(start string) bool { return strings.HasPrefix(line, start) })
}

package entraconn

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/redact"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A sentAuth is one AUTH of ours on one connection, from its write to its answer.
type sentAuth struct {
	cred  *rotation.Credential
	phase entra.AuthPhase
	due   *rotation.Due // that it fulfils, nil for a login
	begun time.Time
	// proven says that the server has accepted the credential on another connection, so that what is written behind
	// this AUTH may count on it.
	proven bool
	next   time.Time       // when a worker first found its answer to be the next reply; guarded by Conn.rmu
	ctx    context.Context // what the observer's AuthStart returned, once told is toldStart
	told   atomic.Int32
}

// What the observer was told of an AUTH.
const (
	toldNothing = iota
	toldStart
	toldDone
)

func newAuth(due *rotation.Due, proven bool) *sentAuth {
	return &sentAuth{cred: due.Credential, phase: due.Phase, due: due, begun: time.Now(), proven: proven}
}

func newLogin(cred *rotation.Credential) *sentAuth {
	return &sentAuth{cred: cred, phase: entra.AuthInitial, begun: time.Now()}
}

// Wire returns the command as it is sent.
func (a *sentAuth) Wire() []byte { return a.cred.Wire() }

// Login reports whether a is the login of its connection.
func (a *sentAuth) Login() bool { return a.phase == entra.AuthInitial }

// asAuth keeps a nil *sentAuth from becoming an Auth that is not nil.
func asAuth(a *sentAuth) session.Auth {
	if a == nil {
		return nil
	}
	return a
}

const (
	// tokenPatience bounds how long a dial or a first write waits for a token when there is none: go-redis and
	// rueidis allow 5 seconds for a dial.
	tokenPatience = 5 * time.Second
	// rejectedPatience is that for a rejected credential, which waiting does not mend: long enough for a failure that
	// passes, short enough for callers to learn the reason before they give up.
	rejectedPatience = time.Second
	// loginPatience bounds how long SeparateLogin waits for an answer.
	loginPatience = 5 * time.Second
)

// login returns the AUTH that starts the connection, with the token that is newest now: hosts dial connections
// long before they use them. c.wmu is held.
func (c *Conn) login() (*sentAuth, error) {
	cred, err := c.loginCredential()
	if err != nil {
		return nil, err
	}
	a := newLogin(cred)
	if !c.server.dialer.opts.SeparateLogin {
		return a, nil
	}
	if err := c.writeAuth(a); err != nil {
		return nil, err
	}
	return nil, c.awaitLogin()
}

// loginCredential waits for a token if there is none, until the client's write deadline, Close, or 5 seconds are over.
func (c *Conn) loginCredential() (*rotation.Credential, error) {
	deadline := time.Now().Add(tokenPatience)
	if client := c.inner.ClientWrite(); !client.IsZero() && client.Before(deadline) {
		deadline = client
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	c.mu.Lock()
	if err := c.broken(); err != nil {
		c.mu.Unlock()
		return nil, err
	}
	if c.opening == nil { // a write of the login has failed before
		c.opening = &opening{ctx: context.Background()}
	}
	c.opening.giveUp = cancel
	c.mu.Unlock()
	cred, err := c.server.rotation.Login(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opening.giveUp = nil
	if c.closed {
		return nil, net.ErrClosed
	}
	return cred, err
}

// awaitLogin waits for the answer to a login that was written alone. Whoever reads meanwhile finds it for us.
func (c *Conn) awaitLogin() error {
	limit := time.Now().Add(loginPatience)
	if client := c.inner.ClientWrite(); !client.IsZero() && client.Before(limit) {
		limit = client
	}
	buf := make([]byte, lookSize)
	for time.Now().Before(limit) {
		switch (renewal{c}).look(buf, longestLook) {
		case rotation.Pending:
			continue
		case rotation.Ended:
			return nil // the write that follows finds how it went
		}
		select {
		case <-c.loggedIn:
			return nil
		case <-time.After(longestLook):
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail(entra.CloseAuthTimeout, errUnanswered)
	return c.end.err
}

// errUnanswered ends a connection on which an AUTH was never answered.
var errUnanswered = &timeoutError{"entraconn: the server did not answer AUTH"}

type timeoutError struct{ text string }

func (e *timeoutError) Error() string   { return e.text }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }

// writeAuth writes an AUTH alone, with a deadline of ours. c.wmu is held.
func (c *Conn) writeAuth(a *sentAuth) error {
	c.mu.Lock()
	mark := c.session.Mark()
	c.session.AddAuth(a)
	c.mu.Unlock()
	c.startAuth(a)
	c.inner.BeginWrite(time.Now().Add(ownWriteTimeout))
	n, err := c.inner.Write(a.cred.Wire())
	c.inner.EndWrite()
	if n < len(a.cred.Wire()) {
		err = c.cutShort(n, &mark, err)
	}
	c.wroteAuth(a, err)
	return err
}

// startAuth tells the observer that an AUTH is about to be written. c.wmu is held.
func (c *Conn) startAuth(a *sentAuth) {
	ctx := context.Background()
	if c.opening != nil {
		ctx = c.opening.ctx
		c.mu.Lock()
		c.opening = nil
		c.mu.Unlock()
	}
	a.ctx = c.server.dialer.obs.AuthStart(ctx, entra.AuthStartInfo{Conn: c.info(), Phase: a.phase, Token: a.cred.Token().Times()})
	a.told.Store(toldStart)
}

// wroteAuth remembers that an AUTH is on its way, if it is. c.wmu is held.
func (c *Conn) wroteAuth(a *sentAuth, err error) {
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
	c.signals.set(begun)
	if a.due != nil {
		c.due.CompareAndSwap(a.due, nil)
	}
}

// authDone tells the observer how an AUTH ended, once, if it was told that it began.
func (c *Conn) authDone(a *sentAuth, err error) { c.authEnded(a, err, false) }

func (c *Conn) authEnded(a *sentAuth, err error, refused bool) {
	if a.told.CompareAndSwap(toldStart, toldDone) {
		c.server.dialer.obs.AuthDone(a.ctx, entra.AuthDoneInfo{
			Conn: c.info(), Phase: a.phase, Token: a.cred.Token().Times(), Duration: time.Since(a.begun), Err: err, Refused: refused,
		})
	}
}

// answered acts on the server's answer to an AUTH. c.rmu is held.
func (c *Conn) answered(v session.Verdict) {
	a := v.Auth.(*sentAuth)
	if v.OK {
		c.accepted.Store(a.cred)
		c.authDone(a, nil)
		c.server.authAccepted(c, a)
		c.loginOver()
		return
	}
	if v.Lost {
		c.authDone(a, session.ErrDesync)
		c.loginOver()
		return
	}
	_, password := a.cred.Token().Credentials()
	words := redact.Password(v.Line, password)
	failed := authError(c.server.addr, words, v.Failure)
	c.authEnded(a, failed, v.Failure.IsRefusal())
	switch {
	case a.phase != entra.AuthInitial:
		// The server keeps whom it knew: the connection goes on with the old token.
		c.server.authRefused(c, a, v.Failure)
	case v.Failure.IsRefusal():
		c.mu.Lock()
		c.fail(entra.CloseAuthRejected, failed)
		c.mu.Unlock()
		c.server.loginRefused(a.cred, failed, v.Failure)
		c.loginOver()
	default:
		// The server serves nobody now: it is full, or starting. Hosts know these errors and when to retry, so
		// theirs is the first command that gets it, and the connection ends there.
		c.early.add([]byte("-" + words + "\r\n"))
		c.mu.Lock()
		c.fail(entra.CloseByServer, io.EOF)
		c.end.lastWords = true
		c.mu.Unlock()
		c.server.giveBack(c)
		c.loginOver()
	}
}

// authError returns the error for callers and observers. words are the server's, without any part of the token.
func authError(addr, words string, failure session.AuthFailure) *entra.AuthError {
	if words == "" {
		words = "an error without a text"
	}
	return &entra.AuthError{Addr: addr, Err: errors.New(words), Remedy: failure.Remedy()}
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

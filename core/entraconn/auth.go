package entraconn

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/redact"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A sentAuth is one AUTH that we send on one connection, from its write to its answer.
type sentAuth struct {
	conn  *Conn
	cred  *rotation.Credential
	phase entra.AuthPhase
	due   *rotation.Due // why it is sent, nil for a login
	began time.Time
	// isProven says that the server has accepted the credential on another connection, so that what
	// is written after this AUTH may count on it.
	isProven    bool
	nextSince   time.Time       // when a worker first found that the next reply is its answer; Conn.rmu guards it
	ctx         context.Context // what the observer's AuthStart returned, once reportState is reportedStart
	reportState atomic.Int32
}

// What was reported to the observer of an AUTH.
const (
	reportedNothing = iota
	reportedStart
	reportedDone
)

func newAuth(c *Conn, due *rotation.Due) *sentAuth {
	isProven := c.server.rotation.IsProven(due.Credential)
	return &sentAuth{conn: c, cred: due.Credential, phase: due.Phase, due: due, began: time.Now(), isProven: isProven}
}

func newLoginAuth(c *Conn, cred *rotation.Credential) *sentAuth {
	return &sentAuth{conn: c, cred: cred, phase: entra.AuthInitial, began: time.Now()}
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

// writeLocked writes an AUTH alone, with our deadline. It needs Conn.wmu.
func (a *sentAuth) writeLocked(deadline time.Time) error {
	c := a.conn
	c.mu.Lock()
	mark := c.session.Mark()
	alone := c.session.AddAuth(a)
	c.mu.Unlock()
	a.reportStart()
	c.inner.BeginWrite(deadline)
	n, err := c.inner.Write(alone)
	c.inner.EndWrite()
	if n < len(alone) {
		err = c.cutShortLocked(n, &mark, err)
	}
	a.wrote(err)
	return err
}

// reportStart tells the observer that an AUTH is about to be written.
func (a *sentAuth) reportStart() {
	c := a.conn
	c.mu.Lock()
	ctx := c.login.contextLocked()
	c.mu.Unlock()
	token := a.cred.Token()
	a.ctx = c.server.dialer.obs.AuthStart(ctx, entra.AuthStartInfo{
		Conn: c.connInfo(), Phase: a.phase, User: token.Username(), Token: token.Times(),
	})
	a.reportState.Store(reportedStart)
}

// wrote records that an AUTH is in flight, or that its write failed.
func (a *sentAuth) wrote(err error) {
	c := a.conn
	c.mu.Lock()
	if err == nil && c.ending.isClosed() {
		err = net.ErrClosed // no goroutine looks for an answer any more
	}
	if err == nil {
		c.writtenCred = a.cred
	}
	c.mu.Unlock()
	if err != nil {
		a.reportDone(entra.AuthDoneInfo{Err: err})
		return
	}
	if a.due != nil {
		c.dueAuth.CompareAndSwap(a.due, nil)
	}
}

// reportDone tells the observer how an AUTH ended, once, if reportStart has told it that it began.
// It adds to outcome what the AUTH itself knows. The Source learns of acceptances and refusals here.
func (a *sentAuth) reportDone(outcome entra.AuthDoneInfo) {
	if a.reportState.CompareAndSwap(reportedStart, reportedDone) {
		token := a.cred.Token()
		outcome.Conn, outcome.Phase, outcome.User, outcome.Token = a.conn.connInfo(), a.phase, token.Username(), token.Times()
		outcome.Duration = time.Since(a.began)
		a.conn.server.dialer.obs.AuthDone(a.ctx, outcome)
	}
}

// answeredLocked acts on the answer of the server. It needs Conn.rmu.
func (a *sentAuth) answeredLocked(v session.Verdict) {
	c := a.conn
	switch {
	case v.OK:
		c.accepted.Store(a.cred)
		a.reportDone(entra.AuthDoneInfo{})
		c.server.authAccepted(c, a)
	case v.Lost:
		a.reportDone(entra.AuthDoneInfo{Err: session.ErrDesync})
	default:
		failed := a.failure(v)
		a.reportDone(entra.AuthDoneInfo{Err: failed, Refused: v.Failure.IsRefusal(), TokenRefused: v.Failure.BlamesToken()})
		if a.phase != entra.AuthInitial {
			// The server keeps the user that it knew: the connection goes on with the old token.
			c.server.authRefused(c, a, v.Failure, failed)
			return
		}
		a.loginFailedLocked(failed, v.Failure)
	}
	endLogin(c)
}

// loginFailedLocked acts on an error in answer to a login, and ends the connection. It needs
// Conn.rmu.
func (a *sentAuth) loginFailedLocked(failed *entra.AuthError, why session.AuthFailure) {
	c := a.conn
	reason, replies := entra.CloseAuthRejected, 0
	c.mu.Lock()
	if !why.IsRefusal() {
		reason, replies = entra.CloseByServer, why.Replies(c.session.HandshakeReplies())
	}
	c.failLocked(reason, failed)
	c.mu.Unlock()
	if why.IsRefusal() {
		c.server.recordRefusal(a.cred, failed)
		return
	}
	// The server serves no client now: it is full, or starting. Clients know these errors by how
	// they begin, and when to retry. One that has pipelined its handshake takes an error of the
	// connection for a network that is gone, and retries whatever it says. It reads what the server
	// would have said to each of its commands.
	line := "-" + failed.Err.Error() + "\r\n"
	c.addReadLocked([]byte(strings.Repeat(line, min(replies, maxReadBuffer/len(line)))))
	c.server.loginUnready(c)
}

// failure returns the error for callers and observers. It holds the server's words without any part
// of the token.
func (a *sentAuth) failure(v session.Verdict) *entra.AuthError {
	user, password := a.cred.Token().Credentials()
	words, remedy := redact.Password(v.Line, password), v.Failure.Remedy()
	if words == "" {
		words = "an error without a text"
	}
	if v.Failure.BlamesToken() {
		remedy = a.cred.Token().Remedy(time.Now())
	}
	return &entra.AuthError{Addr: a.conn.server.addr, User: user, Err: errors.New(words), Remedy: remedy}
}

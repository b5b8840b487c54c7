package livepage

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// observer returns the observer that the journal is written from.
func (j *journal) observer() *entra.Observer {
	return &entra.Observer{
		RefreshDone:   j.refreshDone,
		AttemptDone:   j.attemptDone,
		AuthDone:      j.authDone,
		ConnClosed:    j.connClosed,
		RotationStart: j.rotationStart,
		RotationDone:  j.rotationDone,
		Reconnected:   j.reconnected,
	}
}

func (j *journal) refreshDone(_ context.Context, info entra.RefreshDoneInfo) {
	if info.Err != nil {
		return // the Source was closed
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failures, j.expires, j.accepted = 0, info.ExpiresOn, info.At
	late := info.Remaining < 0 // for a while there was no token
	j.addLocked(event{matter: matter{what: tokenRenewed, severe: late}, length: info.ExpiresOn.Sub(info.At), gap: max(0, -info.Remaining)}, info.At)
}

func (j *journal) attemptDone(_ context.Context, info entra.AttemptDoneInfo) {
	var failed *entra.RefreshError
	isFailure := errors.As(info.Err, &failed)
	if !isFailure && !info.Unchanged {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if info.Unchanged {
		j.same = info.At
		return
	}
	if failed.Attempt <= j.failures {
		return // what refuses claims is asked again without them; that does not count as a failure
	}
	j.failures = failed.Attempt
	j.addLocked(event{matter: matter{
		what: tokenFailed, severe: !info.At.Before(j.expires),
		kind: failed.Kind, status: failed.Status, host: failed.Host, code: failed.Code,
	}}, info.At)
}

func (j *journal) authDone(_ context.Context, info entra.AuthDoneInfo) {
	if info.Err == nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.setbacks.accepted(info.Conn.ServerAddr, info.Token.ExpiresOn)
		return
	}
	login := info.Phase == entra.AuthInitial
	s := setback{server: info.Conn.ServerAddr, login: login, last: info.At, expires: info.Token.ExpiresOn}
	m := matter{server: s.server, login: login}
	var answer *entra.AuthError
	answered := errors.As(info.Err, &answer)
	switch {
	case answered && info.Refused:
		s.rebuff, m.what, m.severe = refused, authRefused, login
	case answered:
		s.rebuff, m.what = unable, serverUnable
	case login && info.Duration >= patience && gaveUp(info.Err):
		s.rebuff, m.what = silent, authUnanswered
	default:
		return // the connection ended, and ConnClosed says why
	}
	if answered {
		s.word = answer.Code()
		m.word = s.word
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.setbacks.note(s)
	j.addLocked(event{matter: m, length: info.Duration}, s.last)
}

// patience is how long a client must have waited for a login before it counts as unanswered.
// Servers answer within milliseconds; a caller that gives up sooner says nothing about the server.
const patience = time.Second

// gaveUp reports whether a client stopped waiting: entraconn by a timeout of its own, or the client library, which
// closes the connection.
func gaveUp(err error) bool {
	var waited net.Error
	return errors.Is(err, net.ErrClosed) || errors.As(err, &waited) && waited.Timeout()
}

func (j *journal) connClosed(_ context.Context, info entra.ConnClosedInfo) {
	m := matter{what: connLost, server: info.Conn.ServerAddr, reason: info.Reason, unrenewable: info.Unrenewable}
	switch info.Reason {
	case entra.CloseByClient, entra.CloseAuthRejected:
		return // the client closed it, or the refusal was reported before
	case entra.CloseUnsupported:
		m.what = connRetired
	case entra.CloseByServer:
		m.unrenewable = ""
	case entra.CloseAuthTimeout, entra.CloseExpired, entra.CloseProtocol:
		m.severe = true
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.addLocked(event{matter: m}, info.At)
}

func (j *journal) reconnected(_ context.Context, info entra.ReconnectedInfo) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.addLocked(event{matter: matter{what: connReconnected, server: info.Conn.ServerAddr}, length: info.After}, info.At)
}

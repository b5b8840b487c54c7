package livepage

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// observer returns the observer that the journal is written from.
func (j *journal) observer() *entra.Observer {
	return &entra.Observer{
		RefreshDone:  j.refreshDone,
		AttemptDone:  j.attemptDone,
		AuthDone:     j.authDone,
		ConnClosed:   j.connClosed,
		RotationDone: j.rotationDone,
		Reconnected:  j.reconnected,
	}
}

func (j *journal) refreshDone(_ context.Context, info entra.RefreshDoneInfo) {
	if info.Err != nil {
		return // the Source was closed
	}
	now := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failures, j.expires, j.accepted = 0, info.ExpiresOn, now
	late := info.Remaining < 0 // for a while there was no token
	j.add(event{matter: matter{what: tokenRenewed, severe: late}, length: info.ExpiresOn.Sub(now), gap: max(0, -info.Remaining)}, now)
}

func (j *journal) attemptDone(_ context.Context, info entra.AttemptDoneInfo) {
	failed, isFailure := errors.AsType[*entra.RefreshError](info.Err)
	if !isFailure && !info.Unchanged {
		return
	}
	now := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	if info.Unchanged {
		j.same = now
		return
	}
	if failed.Attempt <= j.failures {
		return // what refuses claims is asked again without them; that does not count as a failure
	}
	j.failures = failed.Attempt
	j.add(event{matter: matter{
		what: tokenFailed, severe: !now.Before(j.expires),
		kind: failed.Kind, status: failed.Status, host: failed.Host, code: failed.Code,
	}}, now)
}

func (j *journal) authDone(_ context.Context, info entra.AuthDoneInfo) {
	refused, isRefusal := errors.AsType[*entra.AuthError](info.Err)
	if info.Err != nil && !isRefusal {
		return // the connection ended, and ConnClosed says why
	}
	now := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	if info.Err == nil {
		j.refusals.accepted(info.Conn.ServerAddr, info.Token.ExpiresOn)
		return
	}
	login, word := info.Phase == entra.AuthInitial, firstWord(refused.Err)
	j.refusals.note(refusal{server: info.Conn.ServerAddr, login: login, word: word, last: now, expires: info.Token.ExpiresOn})
	j.add(event{matter: matter{what: authRefused, server: info.Conn.ServerAddr, severe: login, word: word}}, now)
}

func (j *journal) connClosed(_ context.Context, info entra.ConnClosedInfo) {
	if info.Reason == entra.CloseByClient || info.Reason == entra.CloseAuthRejected {
		return // the client's own business, or told as a refusal
	}
	m := matter{what: connLost, server: info.Conn.ServerAddr, reason: info.Reason, unrenewable: info.Unrenewable}
	switch info.Reason {
	case entra.CloseUnsupported:
		m.what = connRetired
	case entra.CloseByServer:
		m.unrenewable = ""
	default:
		m.severe = true
	}
	now := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.add(event{matter: m}, now)
}

func (j *journal) rotationDone(_ context.Context, info entra.RotationDoneInfo) {
	now := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.add(event{matter: matter{what: connsRotated, server: info.ServerAddr}, length: info.Duration, rotation: info}, now)
}

func (j *journal) reconnected(_ context.Context, info entra.ReconnectedInfo) {
	now := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.add(event{matter: matter{what: connReconnected, server: info.Conn.ServerAddr}, length: info.After}, now)
}

// firstWord returns the code of a Redis error, which is its first word, in capitals. Anything else is text, which is
// not ours to show.
func firstWord(err error) string {
	if err == nil {
		return ""
	}
	word, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "-"), " ")
	if len(word) > 20 || strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ""
	}
	return word
}

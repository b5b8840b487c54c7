package entra

import (
	"context"
	"log/slog"
	"time"
)

// settle draws the conclusions from an attempt that has ended.
func (r *renewer) settle(res result, now instant) {
	r.withdrawExpired(now)
	late := res.attempt != r.running
	if late {
		r.abandoned--
	} else {
		r.running = nil
	}
	var t Token
	if res.err == nil {
		t, res.err = newToken(res.token, r.username, now.wall)
	}
	switch {
	case res.err == nil && r.advances(t):
		if !late {
			r.endAttempt(res.attempt, now, false, nil)
		}
		r.accept(t, res.token.RefreshOn, now)
	case late:
		// Others have been asked since; it is their answer that counts.
	case res.err == nil:
		r.endAttempt(res.attempt, now, true, nil)
		r.notNewer(res.claims, now)
	case res.claims && res.refusedClaims():
		r.claimsRefused = true
		r.endAttempt(res.attempt, now, false, res.refreshError(r.failures, now.wall))
		r.notNewer(true, now)
	default:
		r.failed(res, now)
	}
}

// advances reports whether t is to replace the current token. One that expires no later would cost every
// connection an AUTH and gain nothing, unless the server will not have the current one. The same token may come
// with another expiry, when somebody computes that from the seconds that are left.
func (r *renewer) advances(t Token) bool {
	if !r.valid {
		return true
	}
	return t.v.secret() != r.token.v.secret() && (r.rejected || t.ExpiresOn().After(r.token.ExpiresOn()))
}

// accept makes t the current token.
func (r *renewer) accept(t Token, refreshOn time.Time, now instant) {
	if r.running != nil {
		// t comes from an attempt that had been given up for lost, and this one has nothing left to do.
		r.running.cancel()
		r.endAttempt(r.running, now, false, context.Canceled)
		r.abandon()
	}
	if r.failures > 0 {
		r.log.LogAttrs(r.refresh.ctx, slog.LevelInfo, "entra: tokens can be had again",
			slog.Int("failures", r.failures), slog.Time("expires_on", t.ExpiresOn()))
	}
	var remaining time.Duration
	if !r.token.IsZero() {
		remaining = now.until(r.deadline)
	}
	r.token, r.deadline, r.valid, r.rejected = t, now.at(t.ExpiresOn()), true, false
	r.next = now.at(renewAt(t.v.issuedAt, t.ExpiresOn(), refreshOn, now.wall, rnd()))
	r.failures, r.lastErr, r.pace = 0, nil, nil
	r.useClaims, r.claimsTried, r.forced = false, false, false
	if r.refresh != nil && r.refresh.trigger != TriggerForced {
		r.forcedCount = 0
	}

	superseded := r.changed
	r.changed = make(chan struct{})
	r.publish()
	close(superseded)
	r.endRefresh(now, RefreshDoneInfo{Remaining: remaining, ExpiresOn: t.ExpiresOn()})
}

// notNewer plans on after the credential had nothing to offer but what is there: once past its cache, if it may
// let us, and else when the cache has let go of the token.
func (r *renewer) notNewer(claims bool, now instant) {
	r.claimsTried = r.claimsTried || claims
	r.useClaims = !r.claimsTried && !r.claimsRefused
	switch {
	case r.useClaims, !r.valid:
		r.next = now
	default:
		r.next = now.at(lookAgainAt(r.token.Lifetime(), r.token.ExpiresOn(), now.wall, rnd()))
	}
	r.urgent = r.next
	r.publish()
}

// failed plans the next try after one that brought nothing. It leaves a good token alone.
func (r *renewer) failed(res result, now instant) {
	kind := res.kind()
	if r.pace == nil || r.paceOf != kind.needsSomebody() {
		r.pace, r.paceOf = newBackoff(kind, r.scale()), kind.needsSomebody()
	}
	var left time.Duration
	if r.valid {
		left = now.until(r.deadline)
	}
	patient, urgent := retryIn(r.scale(), left, r.pace.NextBackOff(), res.retryAfter(now.wall), rnd())
	r.next, r.urgent = now.add(patient), now.add(min(patient, urgent))
	if res.claims && !r.next.wall.Before(lastLooks(r.token.Lifetime(), r.token.ExpiresOn())) {
		// By then a plain request reaches Entra as well, and not every credential knows what claims are.
		r.useClaims, r.claimsTried = false, true
	}
	if kind == Rejected && !res.claims {
		r.claimsRefused = false // it may not have been the claims that were refused
	}
	r.failures++
	r.lastErr = res.refreshError(r.failures, r.next.wall)
	r.endAttempt(res.attempt, now, false, r.lastErr)
	r.publish()
	if r.failures == 1 {
		r.logTrouble()
	}
}

func (r *renewer) logTrouble() {
	level := slog.LevelWarn
	attrs := []slog.Attr{slog.String("kind", string(r.lastErr.Kind)), slog.Time("retry_at", r.lastErr.RetryAt)}
	if r.lastErr.Status != 0 {
		attrs = append(attrs, slog.Int("status", r.lastErr.Status), slog.String("host", r.lastErr.Host))
	}
	if r.lastErr.Code != "" {
		attrs = append(attrs, slog.String("code", r.lastErr.Code))
	}
	if r.valid {
		attrs = append(attrs, slog.Time("current_expires_on", r.token.ExpiresOn()))
	} else {
		level = slog.LevelError
	}
	r.log.LogAttrs(r.refresh.ctx, level, "entra: no new token: "+r.lastErr.remedy(), attrs...)
}

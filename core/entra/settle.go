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
	if res.err == nil && !r.valid && t.sameSecret(r.token) {
		res.err = errExpiredToken // by our clocks, whatever the credential reads from its own
	}
	switch {
	case res.err == nil && r.advances(t, now):
		if !late {
			r.endAttempt(res.attempt, now, false, nil)
		}
		r.accept(t, res, now)
	case late:
		// Others have been asked since; it is their answer that counts.
	case res.err == nil:
		r.endAttempt(res.attempt, now, true, nil)
		if res.claims {
			r.claimsIdle, r.claimsForget = true, now.add(claimsMemory)
		}
		r.notNewer(res.claims, now)
	case res.claims && res.refusedClaims() && r.valid:
		r.endAttempt(res.attempt, now, false, res.refreshError(r.failures, now.wall))
		r.claimsRefused, r.claimsForget = true, now.add(claimsMemory)
		r.notNewer(true, now)
	default:
		r.failed(res, now)
	}
}

// advances reports whether t is to replace the current token. One that expires no later would cost every
// connection an AUTH and gain nothing, unless the server will not have the current one. Expiries of before and after
// somebody set the clock back do not compare, but it shows when one clearly has more of its life left. The same token
// may come with another expiry, when somebody computes that from the seconds that are left.
func (r *renewer) advances(t Token, now instant) bool {
	if !r.valid {
		return true
	}
	gain := t.ExpiresOn().Sub(now.wall) - now.until(r.deadline)
	newer := t.ExpiresOn().After(r.token.ExpiresOn()) || gain > r.scale().of(soonestRenewal)
	return !t.sameSecret(r.token) && (newer || r.rejected)
}

// accept makes t the current token.
func (r *renewer) accept(t Token, res result, now instant) {
	if r.running != nil {
		// t comes from an attempt that had been given up for lost, and this one has nothing left to do.
		r.running.cancel()
		r.endAttempt(r.running, now, false, context.Canceled)
		r.abandon()
	}
	var remaining time.Duration
	if !r.token.IsZero() {
		remaining = now.until(r.deadline)
		if was, is := r.token.Username(), t.Username(); was != is {
			r.log.LogAttrs(r.logContext(), slog.LevelWarn, "entra: the credential now gives tokens of another identity, connections follow it",
				slog.String("was", was), slog.String("is", is))
		}
	}
	r.beginRefresh(context.Background(), now) // it may have been given up for lost long ago
	scheduled := r.refresh.trigger == TriggerScheduled
	renewal := renewAt(t.v.issuedAt, t.ExpiresOn(), res.token.RefreshOn, now.wall, !scheduled || r.failures > 0, r.rnd())
	r.token, r.deadline, r.valid, r.rejected = t, now.at(t.ExpiresOn()), true, false
	r.soonest = now.add(min(r.pace(), r.scale()).of(leastWait))
	r.renewal = now.add(max(now.until(now.at(renewal)), now.until(r.soonest)))
	r.next = r.renewal
	r.troubleOver(scheduled)
	r.failures, r.lastErr = 0, nil
	r.outage, r.refusal = outagePace(r.pace()), refusalPace(r.pace())
	r.useClaims, r.claimsTried, r.forced = false, false, false
	if now.reached(r.claimsForget) {
		r.claimsRefused, r.claimsIdle = false, false
	}
	if scheduled {
		r.forcedCount = 0
	}

	superseded := r.changed
	r.changed = make(chan struct{})
	r.publish()
	close(superseded)
	r.endRefresh(now, RefreshDoneInfo{
		Remaining: remaining, ExpiresOn: t.ExpiresOn(), Token: t.Times(), NextAttempt: r.next.wall,
	})
}

// notNewer plans on after the credential had nothing to offer but what is there: once past its cache, if that has a
// chance, and else when the cache has let go of the token.
func (r *renewer) notNewer(claims bool, now instant) {
	r.claimsTried = r.claimsTried || claims
	r.useClaims = r.valid && !r.claimsTried && !r.claimsRefused && !r.claimsIdle
	switch {
	case r.useClaims, !r.valid:
		r.next = now
	case !now.reached(r.renewal): // it was Reject that asked before the time
		r.next, r.claimsTried = r.renewal, false
	default:
		r.next = now.at(lookAgainAt(r.token.Lifetime(), r.expiry(now), now.wall, r.rnd()))
		if now.reached(r.renewBy()) {
			r.trouble("no new token: the credential still gives the old one, and its time has come; looking again every few seconds")
		}
	}
	r.urgent = r.next
	if r.lastErr != nil {
		still := *r.lastErr // it has failed before, but this is when it goes on now
		still.RetryAt = r.next.wall
		r.lastErr = &still
	}
	r.publish()
}

// failed plans the next try after one that brought nothing. It leaves a good token alone.
func (r *renewer) failed(res result, now instant) {
	steps, refused := r.outage, res.needsSomebody()
	if refused {
		steps = r.refusal
	}
	var left time.Duration
	if r.valid {
		left = now.until(r.deadline)
	}
	patient, urgent := retryIn(r.pace(), refused, left, steps.next(), res.retryAfter(now.wall), r.rnd())
	r.next, r.urgent = now.add(patient), now.add(min(patient, urgent))
	switch {
	case res.claims && res.refusedClaims():
		r.useClaims, r.claimsRefused = false, true
	case res.kind() == KindMalformed:
		// Some cache may serve it for as long as it seems to live: the credential's, or one behind it. So by turns.
		r.useClaims = !res.claims && !r.claimsRefused
	case res.claims && !r.next.wall.Before(lastLooks(r.token.Lifetime(), r.expiry(now))):
		// By then a plain request reaches Entra as well, and not every credential knows what claims are.
		r.useClaims, r.claimsTried = false, true
	}
	if res.kind() == KindRejected && !res.claims {
		r.claimsRefused = false // it may not have been the claims that were refused
	}
	r.failures++
	r.lastErr = res.refreshError(r.failures, r.next.wall)
	r.endAttempt(res.attempt, now, false, r.lastErr)
	r.publish()
	r.log.LogAttrs(r.logContext(), slog.LevelDebug, "entra: an attempt failed", r.lastErr.attrs()...)
	r.trouble("no new token: "+r.lastErr.remedy(), r.lastErr.attrs()...)
}

package schedule

import (
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
)

// A Plan says when the credential is asked next, and how. Its owner asks at [Plan.Due], and reports
// the start of each request with [Plan.Start] and its end with one of the methods that are named
// after ends:
//
//	Start ─► request ─┬─ NewToken       a newer token, see Judge
//	                  ├─ SameToken      the current token, or one that lives no longer
//	                  ├─ ClaimsRefused  a refusal of the claims alone, while a token is valid
//	                  └─ Failed         anything else
//
// Each of these plans the next request. Expire and TokenRefused report what happens to the current token.
type Plan struct {
	token   Validity      // of the newest token, also after its expiry: the next one will be alike
	expiry  clock.Instant // of that token
	valid   bool          // it has not expired
	refused bool          // a server refused it, and it is to be replaced early

	renewal    clock.Instant // when the regular renewal of the token is due
	soonest    clock.Instant // a lower bound of renewal, whatever the token says
	next       clock.Instant // when the next request is due
	nextUrgent clock.Instant // after a failure, the same while a caller waits and no token is valid; never after next

	failures       int // in a row
	transientWaits Backoff
	rejectionWaits Backoff
	claims         Claims
	forced         Forced
}

// New returns the plan before the first token: the first request is due now.
func New(now clock.Instant) *Plan {
	return &Plan{next: now, transientWaits: TransientBackoff(1), rejectionWaits: RejectedBackoff(1)}
}

// Valid reports whether the newest token has not expired, as far as Expire was called.
func (p *Plan) Valid() bool { return p.valid }

// IsForced reports whether the next request is a forced one.
func (p *Plan) IsForced() bool { return p.forced.Pending }

// ForcedRequests returns the number of forced requests since a token last lived to its renewal.
func (p *Plan) ForcedRequests() int { return p.forced.Count }

// Failures returns the number of failed requests since the last one that did not fail.
func (p *Plan) Failures() int { return p.failures }

// Next returns when the next request is due while no caller waits.
func (p *Plan) Next() clock.Instant { return p.next }

// Due returns when the next request is due.
func (p *Plan) Due(callerWaits bool) clock.Instant {
	if callerWaits && !p.valid && p.failures > 0 {
		return p.nextUrgent
	}
	return p.next
}

// RequestTimeout returns how long the next request may take.
func (p *Plan) RequestTimeout() time.Duration { return RequestTimeout(p.token.Lifetime()) }

// Outlook returns what readers know of the newest token.
func (p *Plan) Outlook() Outlook {
	return Outlook{valid: p.valid, expiry: p.expiry, renewBy: p.expiry.Add(-p.token.guard())}
}

// UntilExpiry returns the time until the newest token expires, negative afterwards.
func (p *Plan) UntilExpiry(now clock.Instant) time.Duration { return now.Until(p.expiry) }

// Alarm returns the Alarm at the expiry of the current token, or at the first of moments if that is
// sooner.
func (p *Plan) Alarm(moments ...clock.Instant) Alarm {
	a := Alarm{at: clock.Never, longestNap: p.token.scale().of(30 * time.Second)}
	if p.valid {
		a.at = p.expiry
	}
	for _, moment := range moments {
		a.at = a.at.First(moment)
	}
	return a
}

// Expire ends the current token if its time has come, and reports whether it did.
func (p *Plan) Expire(now clock.Instant) bool {
	if !p.valid || !now.Reached(p.expiry) {
		return false
	}
	p.valid = false
	p.claims.TokenExpired()
	if p.failures == 0 {
		p.next = now.Add(max(0, now.Until(p.soonest))) // the wall clock may have been set since next was planned
	}
	return true
}

// TokenRefused notes that a server refused the current token, and brings the next request forward. A
// request that runs or has failed leaves the plan as it is: the next one is as near as allowed.
func (p *Plan) TokenRefused(requestRuns bool, now clock.Instant) {
	p.refused = true
	p.claims.TokenRefused()
	if wait := max(0, now.Until(p.forced.Earliest)); !requestRuns && p.failures == 0 && wait < now.Until(p.next) {
		p.next = now.Add(wait)
		p.forced.Pending = true
	}
}

// Start notes that a request starts, and returns whether it carries claims.
func (p *Plan) Start(now clock.Instant) (withClaims bool) {
	p.forced.Started(p.token.scale(), now)
	return p.claims.Ask
}

// Judge says what a token is worth that the credential returned. With same it has the secret of the
// newest token.
func (p *Plan) Judge(v Validity, same bool, now clock.Instant) Worth {
	switch {
	case same && p.isExtended(v):
		return NewerToken
	case !p.valid && same:
		return ExpiredToken // by our clocks, whatever clock the credential reads
	case !p.valid:
		return NewerToken
	case same:
		return NoNewerToken
	case p.refused, v.ExpiresOn.After(p.token.ExpiresOn):
		return NewerToken
	}
	// The expiries do not compare if the wall clock was set back between the two tokens. The times
	// that remain do.
	if v.ExpiresOn.Sub(now.Wall)-now.Until(p.expiry) > p.token.scale().of(soonestRenewal) {
		return NewerToken
	}
	return NoNewerToken
}

// isExtended reports whether the credential names a later expiry for the newest token than before,
// as far as the token's own claims allow: development servers have tokens that never change. Some
// caches compute the expiry from the seconds that remain, so a little later is the same.
func (p *Plan) isExtended(v Validity) bool {
	if !v.StatedEnd.IsZero() && v.ExpiresOn.After(v.StatedEnd.Add(clocksDiffer)) {
		return false
	}
	return v.ExpiresOn.Sub(p.token.ExpiresOn) > p.token.scale().of(soonestRenewal)
}

// NewToken makes v the validity of the current token. With regular, the request was made because
// the renewal of the token before was due.
func (p *Plan) NewToken(v Validity, refreshOn time.Time, regular bool, now clock.Instant, rnd float64) {
	renewAt := RenewAt(v, refreshOn, now.Wall, !regular || p.failures > 0, rnd)
	p.token, p.expiry, p.valid, p.refused = v, now.At(v.ExpiresOn), true, false
	p.soonest = now.Add(min(p.token.waitScale(), p.token.scale()).of(leastWait))
	p.renewal = now.Add(max(now.Until(now.At(renewAt)), now.Until(p.soonest)))
	p.next = p.renewal
	p.failures = 0
	p.transientWaits, p.rejectionWaits = TransientBackoff(v.waitScale()), RejectedBackoff(v.waitScale())
	p.claims.TokenReplaced(now)
	p.forced.TokenReplaced(regular)
}

// SameToken plans the next request after one that brought no newer token: with claims if that has a
// chance, else when the credential's cache drops the token. It reports whether the renewal of the
// token is overdue.
func (p *Plan) SameToken(withClaims bool, now clock.Instant, rnd float64) (overdue bool) {
	if withClaims {
		p.claims.Useless(now)
	}
	return p.planAgain(now, rnd)
}

// ClaimsRefused does the same after a refusal of the claims alone.
func (p *Plan) ClaimsRefused(now clock.Instant, rnd float64) (overdue bool) {
	p.claims.Refused(now)
	return p.planAgain(now, rnd)
}

func (p *Plan) planAgain(now clock.Instant, rnd float64) (overdue bool) {
	p.claims.Choose()
	switch {
	case p.claims.Ask:
		p.next = now
	case !now.Reached(p.renewal): // the request was a forced one
		p.next = p.renewal
		p.claims.RenewalPostponed()
	default:
		p.next = now.At(LookAgainAt(p.token.Lifetime(), p.expiryOnWall(now), now.Wall, rnd))
		overdue = now.Reached(p.Outlook().renewBy)
	}
	p.nextUrgent = p.next
	return overdue
}

// Failed plans the next request after a failed one. The current token stays valid. The two random
// numbers are those of the backoff and of the wait as a whole.
func (p *Plan) Failed(f Failure, now clock.Instant, rndWait, rndRetry float64) {
	waits := p.transientWaits
	if f.NeedsOperator {
		waits = p.rejectionWaits
	}
	var untilExpiry time.Duration
	if p.valid {
		untilExpiry = now.Until(p.expiry)
	}
	patient, urgent := RetryIn(p.token.waitScale(), f, untilExpiry, waits.Wait(rndWait), rndRetry)
	p.next, p.nextUrgent = now.Add(patient), now.Add(min(patient, urgent))
	switch {
	case f.OfClaims:
		p.claims.RefusedWithoutToken()
	case f.BadToken:
		p.claims.Unusable(f.WithClaims)
	case f.WithClaims && !p.next.Wall.Before(cacheDrops(p.token.Lifetime(), p.expiryOnWall(now))):
		p.claims.GaveUp()
	}
	if f.Rejection && !f.WithClaims {
		p.claims.PlainRejected()
	}
	p.failures++
}

// expiryOnWall returns what the wall clock will show at the expiry, if it is not set until then.
func (p *Plan) expiryOnWall(now clock.Instant) time.Time { return now.Wall.Add(now.Until(p.expiry)) }

package entra

import (
	"fmt"
	"time"
)

// Health sums a [Status] up in one word.
type Health string

// How a Source may be doing. A service is ready to serve while it is HealthReady or HealthDegraded.
const (
	// HealthStarting means that there has been no token yet and nothing has failed so far.
	HealthStarting Health = "starting"
	// HealthReady means that there is a valid token and nothing is wrong.
	HealthReady Health = "ready"
	// HealthDegraded means that there is a valid token, but something is wrong that will end in HealthExpired, or in
	// refused connections, if nobody mends it: the renewal fails, or is overdue, or a Redis server refused the token.
	HealthDegraded Health = "degraded"
	// HealthExpired means that there is no valid token: the last one expired, or the first one could not be had.
	HealthExpired Health = "expired"
	// HealthClosed means that the Source has been closed.
	HealthClosed Health = "closed"
)

// A Status says how a [Source] is doing, for health checks and diagnostics. It is a value of its moment, and can be
// encoded as JSON: no secret, no claim and no response body is in it.
type Status struct {
	// Health is the sum of it all.
	Health Health
	// Reason is a sentence for a person: what is wrong, what to check, when the Source tries next.
	Reason string
	// Valid is whether Token returns a token at once.
	Valid bool
	// Rejected is whether a Redis server has refused the current token although it has not expired. Where the refusal
	// is not about the token, it ends when that server accepts an AUTH.
	Rejected bool
	// ExpiresOn is the expiry of the newest token there has been, zero if none. It lies in the past once that
	// token was lost.
	ExpiresOn time.Time
	// NextAttempt is when the credential will be asked next; it has passed while an attempt is under way. A
	// caller that waits in Token may bring it forward. Zero after Close.
	NextAttempt time.Time
	// Failures counts failed attempts since the last success.
	Failures int
	// Err is a *RefreshError for the last of these, nil without any.
	Err error
	// Closed is whether the Source has been closed.
	Closed bool
}

func (st *Status) health(overdue bool) Health {
	switch {
	case st.Closed:
		return HealthClosed
	case st.Valid && (st.Failures > 0 || st.Rejected || overdue):
		return HealthDegraded
	case st.Valid:
		return HealthReady
	case st.Failures > 0 || !st.ExpiresOn.IsZero():
		return HealthExpired
	}
	return HealthStarting
}

func (st *Status) reason() string {
	var next, expiry = clockTime(st.NextAttempt), clockTime(st.ExpiresOn)
	switch {
	case st.Closed:
		return "the Source has been closed"
	case st.Health == HealthStarting:
		return "waiting for the first token"
	case st.Health == HealthReady:
		return fmt.Sprintf("the token is good until %s; the next one is asked for at %s", expiry, next)
	}
	var what string
	switch {
	case st.Valid:
		what = "the token is good until " + expiry
	case !st.ExpiresOn.IsZero():
		what = "the last token expired at " + expiry
	default:
		what = "there has been no token yet"
	}
	if st.Rejected && st.Valid {
		what += ", but a Redis server refused it: check that the identity has an access policy assignment on that cache, and that its access was not revoked"
	}
	switch {
	case st.Err != nil:
		what += "; " + st.Err.Error()
	case st.Rejected:
		what += "; another one is asked for at " + next
	default:
		what += "; no newer one has been had so far, the next try is due at " + next
	}
	return what
}

func clockTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

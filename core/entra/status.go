package entra

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Health sums a [Status] up in one word.
type Health string

// How a Source may be doing. A service is ready to serve while it is HealthReady or HealthDegraded,
// and while it is HealthRefused as long as a server serves open connections.
const (
	// HealthStarting means that there has been no token yet, and no request has failed.
	HealthStarting Health = "starting"
	// HealthReady means that there is a valid token and nothing is wrong. That no server has been
	// dialed yet is not wrong.
	HealthReady Health = "ready"
	// HealthDegraded means that there is a valid token, but its renewal fails or is overdue, or that
	// some Redis servers refuse AUTHs and some accept them. Without a remedy HealthExpired or
	// HealthRefused may follow.
	HealthDegraded Health = "degraded"
	// HealthRefused means that there is a valid token, but at least one Redis server refuses AUTHs
	// and none accepts them, see [Status.Servers]. It ends with the first AUTH that is accepted, or
	// when the last server that refuses has left the list. Open connections work for as long as the
	// token lives that the server has accepted on them, see [ServerStatus].AcceptedUntil: a service is
	// still ready then.
	HealthRefused Health = "refused"
	// HealthExpired means that there is no valid token: the last one expired, or requests for the
	// first one failed.
	HealthExpired Health = "expired"
	// HealthClosed means that the Source has been closed.
	HealthClosed Health = "closed"
)

// A Status says how a [Source] is doing at one moment, for health checks and diagnostics. It can be
// encoded as JSON. It holds no secret, no claim but the object id and no response body.
type Status struct {
	// Health sums the other fields up.
	Health Health
	// Reason is a sentence for an operator: what is wrong, what to check, when the Source tries
	// next.
	Reason string
	// Valid is whether Token returns a token at once.
	Valid bool
	// Rejected is whether a Redis server refuses the current token although it has not expired, or
	// the program has called Reject for it. It becomes false with a newer token, and when that
	// server accepts AUTHs.
	Rejected bool
	// ExpiresOn is the expiry of the newest token, also after that token has expired. It is zero
	// before the first one.
	ExpiresOn time.Time
	// NextAttempt is when the Source asks the credential next. It lies in the past while an attempt
	// runs. A caller that waits in Token may bring it forward. It is zero after Close.
	NextAttempt time.Time
	// Failures counts failed attempts since the last success.
	Failures int
	// Err is a *RefreshError for the last of these, nil if there is none.
	Err error
	// Closed is whether the Source has been closed.
	Closed bool
	// Servers lists the Redis servers that the clients of the Source dial, by address. A server
	// leaves the list ten minutes after its last connection has closed.
	Servers []ServerStatus
	// DroppedEvents counts the events that an [Observer] did not get, and the lines that the log
	// handler did not get, because it was too slow.
	DroppedEvents uint64
}

func (st *Status) health(isOverdue bool) Health {
	refuses := slices.ContainsFunc(st.Servers, func(s ServerStatus) bool { return s.refuses() })
	accepts := slices.ContainsFunc(st.Servers, func(s ServerStatus) bool { return s.accepts() })
	switch {
	case st.Closed:
		return HealthClosed
	case st.Valid && refuses && !accepts:
		return HealthRefused
	case st.Valid && (st.Failures > 0 || st.Rejected || refuses || isOverdue):
		return HealthDegraded
	case st.Valid:
		return HealthReady
	case st.Failures > 0 || !st.ExpiresOn.IsZero():
		return HealthExpired
	}
	return HealthStarting
}

// reason returns the Reason. refusal is that of the first server that refuses, nil if none does.
func (st *Status) reason(refusal *AuthError, isOverdue bool) string {
	var next, expiresAt = clockTime(st.NextAttempt), clockTime(st.ExpiresOn)
	switch {
	case st.Closed:
		return "the Source has been closed"
	case st.Health == HealthStarting:
		return "waiting for the first token"
	case st.Health == HealthReady:
		return fmt.Sprintf("the token is good until %s; the next one is asked for at %s", expiresAt, next)
	}
	var what string
	switch {
	case st.Valid:
		what = "the token is good until " + expiresAt
	case !st.ExpiresOn.IsZero():
		what = "the last token expired at " + expiresAt
	default:
		what = "there has been no token yet"
	}
	switch {
	case st.Valid && refusal != nil:
		what += ", but " + st.refusing() + "; " + refusal.Error()
	case st.Rejected:
		what += ", but a Redis server refused it: check that the identity has an access policy assignment on that cache, and that its access was not revoked"
	}
	switch {
	case st.Err != nil:
		what += "; " + st.Err.Error()
	case st.Valid && !isOverdue:
		what += "; another one is asked for at " + next
	default:
		what += "; renewal is overdue, next attempt at " + next
	}
	return what
}

// refusing says which servers refuse AUTHs.
func (st *Status) refusing() string {
	var first *ServerStatus
	count := 0
	for i := range st.Servers {
		if s := &st.Servers[i]; s.refuses() {
			first = cmp.Or(first, s)
			count++
		}
	}
	switch {
	case count != 1:
		return fmt.Sprintf("%d of %d Redis servers refuse it", count, len(st.Servers))
	case first.State == ServerMixed:
		return first.Addr + " refuses some logins"
	case !first.AcceptedUntil.IsZero():
		return first.Addr + " refuses it, and serves open connections until " + clockTime(first.AcceptedUntil)
	}
	return first.Addr + " refuses it"
}

func clockTime(moment time.Time) string { return moment.UTC().Format(time.RFC3339) }

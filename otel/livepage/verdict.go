package livepage

import (
	"fmt"
	"time"

	"github.com/entraredis/entraredis/otel/internal/census"
)

// A level says how urgently an operator is needed.
type level string

const (
	unknown level = "unknown"
	good    level = "good"
	watch   level = "watch" // not felt yet
	bad     level = "bad"
)

// A verdict answers the question of the page. No number in it changes with time alone: it is read out when it changes.
type verdict struct {
	Level  level  `json:"level"`
	Answer string `json:"answer"` // in a word or two
	Reason string `json:"reason"` // in a sentence
	Advice string `json:"advice"` // what to do, empty if there is nothing
}

const (
	// For this long after trouble the page says that there was some, for the operator whom it woke.
	troubleMemory = 10 * time.Minute

	// Where no token is left, all commands fail, and a restart is what a person tries first.
	notByRestart = " Until then Redis lets no connection in. A restart alone does not help: a new process needs a token as well."

	theCache     = "Look at the cache itself: maintenance, failover, memory, its limit of connections."
	accessPolicy = "Check that the identity has an access policy assignment on this cache, and that it was not revoked."
)

// judge draws the conclusion. What is worst comes first.
func judge(c census.Snapshot, r record, closed bool) verdict {
	t, now := c.Token, c.At
	if closed {
		return verdict{bad, "Yes.", "The token source of this process was closed, so nothing is renewed any more.",
			"Expected while a process ends. Otherwise look for what calls Close."}
	}
	if t.ExpiresOn.IsZero() || !now.Before(t.ExpiresOn) {
		return withoutToken(t, r)
	}
	if logins := of(r.setbacks, refused, true); len(logins) > 0 {
		return verdict{bad, "Yes.", names(logins) + " refuses logins, although the token is good.", accessPolicy}
	}
	if v, found := unserved(r.setbacks); found {
		return v
	}
	if t.Failures > 0 {
		return verdict{watch, "Not yet.", "The token is good, but there is no new one: " + why(t.LastFailure) + ".",
			fix(t.LastFailure)}
	}
	if open := of(r.setbacks, refused, false); len(open) > 0 {
		return verdict{watch, "Not yet.", names(open) + " refuses the new token; connections keep the older one until it expires.", accessPolicy}
	}
	if open := of(r.setbacks, unable, false); len(open) > 0 {
		return verdict{watch, "Not yet.", fmt.Sprintf("%s answers %s to the new token; connections keep the older one until it expires.", names(open), named(open[0].word)),
			theCache}
	}
	if v, found := behind(c.Pools); found {
		return v
	}
	return noTrouble(c, r)
}

func withoutToken(t census.Token, r record) verdict {
	failure := t.LastFailure
	switch first := t.ExpiresOn.IsZero(); {
	case first && t.Failures > 0:
		return verdict{bad, "Yes.", "There has been no token yet: " + why(failure) + ".", fix(failure) + notByRestart}
	case first && !t.Refresh.Begun.IsZero():
		return verdict{unknown, "Not known yet.", "The first token has been asked for, and the answer is on its way.", ""}
	case first:
		return verdict{unknown, "Not known yet.", "Nothing has happened since the process began.",
			"If this lasts, the page's Observer is not in the entra.Options of the Source."}
	case t.Failures > 0:
		return verdict{bad, "Yes.", "The token has expired and there is no new one: " + why(failure) + ".", fix(failure) + notByRestart}
	case r.same.After(r.accepted):
		return verdict{bad, "Yes.", "The token has expired, and the credential keeps returning it.",
			"Restart what caches tokens for the credential: a sidecar, a command line tool. Check the clock of this machine as well."}
	}
	return verdict{bad, "Yes.", "The token has expired, and the credential has not answered yet.", reach("") + " Check the clock of this machine as well."}
}

// why says why an attempt failed.
func why(f census.Failure) string {
	text := cause(f.Kind, f.Host, f.Code)
	if m := meaning(f.Code); m != "" {
		text += " (" + m + ")"
	}
	return text
}

// fix says what to do about it.
func fix(f census.Failure) string { return remedy(f.Kind, f.Host, f.Code) }

// unserved looks for servers that admit no client at all. It comes before checks for what may go
// wrong later.
func unserved(all []setback) (v verdict, found bool) {
	if logins := of(all, unable, true); len(logins) > 0 {
		return verdict{watch, "No.", fmt.Sprintf("The token is good, but %s answers %s to logins: it serves no client for the moment.", names(logins), named(logins[0].word)),
			theCache}, true
	}
	if logins := of(all, silent, true); len(logins) > 0 {
		return verdict{watch, "No.", fmt.Sprintf("The token is good, but %s did not answer the last login.", names(logins)),
			"If this lasts, look at the cache itself and at the network on the way to it: failover, firewall, load."}, true
	}
	return verdict{}, false
}

func names(servers []setback) string {
	if len(servers) == 1 {
		return servers[0].server
	}
	return fmt.Sprintf("%s (and %d more)", servers[0].server, len(servers)-1)
}

// behind looks for connections whose token should have been replaced.
func behind(pools []census.Pool) (v verdict, found bool) {
	expired, atRisk := 0, 0
	for _, p := range pools {
		expired += p.Expired
		atRisk += p.AtRisk
	}
	const unrenewable = "Such connections are in MONITOR, a long transaction or the like, or stuck; the events say which when they end."
	const idle = "Nothing to do for idle ones: they are replaced when they are next used. Others are in MONITOR, a long transaction or the like: end that."
	switch {
	case expired > 0:
		return verdict{watch, "In part.", "Some connections hold an expired token. Redis closes these.", idle}, true
	case atRisk > 0:
		return verdict{watch, "Not yet.", "Some connections hold a token that should have been replaced by now. Redis closes them when it expires.", unrenewable}, true
	}
	return verdict{}, false
}

// noTrouble says what else a person may want to know who suspects authentication.
func noTrouble(c census.Snapshot, r record) verdict {
	open, loggedIn := 0, 0
	for _, p := range c.Pools {
		open += p.Open()
		loggedIn += p.Open() - p.NotLoggedIn
	}
	lately := c.At.Add(-troubleMemory)
	switch {
	case r.severe.After(lately):
		return verdict{good, "Not any more.", "All is well now, but it was not some minutes ago: see recent events.", ""}
	case r.elsewhere.After(lately):
		return verdict{good, "No.", "Tokens are fine. Lately servers or the network failed connections for other reasons: see recent events.",
			theCache}
	case open == 0:
		return verdict{good, "No.", "There is a good token. No connection is open.", ""}
	case loggedIn == 0:
		return verdict{good, "No.", "There is a good token. No connection has logged in yet.", ""}
	}
	return verdict{good, "No.", "Tokens are renewed in time, and Redis accepts them.", ""}
}

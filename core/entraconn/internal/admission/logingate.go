package admission

import (
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// Client libraries redial at once when a login is refused: fifty callers of go-redis dial five
// thousand times a second. So while it is not known that the server accepts the token, one
// connection goes ahead and the others wait for its verdict. After a refusal only a probe goes
// through now and then.

// A LoginGate decides who may dial. The zero LoginGate is that of a server of which nothing is
// known.
type LoginGate struct {
	refusal       *entra.AuthError // the last verdict, nil if it was good or there is none
	refusedNumber uint64           // number of the token that was refused, 0 if none was
	failures      int              // in a row
	retryAt       time.Time
	ahead         *Permit       // of the connection whose verdict is awaited, nil if none
	changed       chan struct{} // closed when a waiting dial should ask again, nil if no dial waits for that
}

// A Permit belongs to a connection that goes ahead.
type Permit struct{ since time.Time }

// verdictPatience bounds how long the verdict on the connection that went ahead is waited for: its
// client may have dialed it in advance and leave it silent.
const verdictPatience = time.Second

// A Candidate is the token that a login would use now.
type Candidate struct {
	Number uint64 // different for each token, 0 if there is none
	Proven bool   // the server has accepted it and not refused it since
}

// A Decision says what becomes of a dial. It goes ahead unless Refusal or Changed is set.
type Decision struct {
	Permit  *Permit          // of a dial that goes ahead alone; it is given back by Release if no verdict comes
	Refusal *entra.AuthError // what the last login was refused with; the dial is not made
	// Changed is closed when it is time to ask again, which is after Wait at the latest.
	Changed <-chan struct{}
	Wait    time.Duration
}

// Admit decides on a dial. One that cannot wait any more goes ahead instead of waiting.
func (g *LoginGate) Admit(candidate Candidate, now time.Time, canWait bool) Decision {
	awaited := g.ahead != nil && now.Sub(g.ahead.since) < verdictPatience
	switch {
	case g.refusal == nil && candidate.Proven: // nothing speaks against it
		return Decision{}
	case g.refusal != nil && candidate.Number == g.refusedNumber && (awaited || now.Before(g.retryAt)):
		return Decision{Refusal: g.refusal} // it would fare no better
	case !awaited || !canWait: // the first, one with another token, or a probe
		g.ahead = &Permit{since: now}
		return Decision{Permit: g.ahead}
	}
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	return Decision{Changed: g.changed, Wait: verdictPatience - now.Sub(g.ahead.since)}
}

// Release takes a permit back without a verdict: those who wait for it ask again. It does nothing
// if p is nil or is not the last one.
func (g *LoginGate) Release(p *Permit) {
	if p == nil || g.ahead != p {
		return
	}
	g.ahead = nil
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// Refuse closes the gate, because the server has refused a login with the token of that number.
// pause returns for how long after so many refusals in a row; refusals of connections that were
// under way together count once.
func (g *LoginGate) Refuse(number uint64, refusal *entra.AuthError, now time.Time, pause func(failures int) time.Duration) {
	if g.refusedNumber != number || !now.Before(g.retryAt) {
		g.failures++
		g.retryAt = now.Add(pause(g.failures))
	}
	g.refusal, g.refusedNumber = refusal, number
	g.Release(g.ahead)
}

// Reopen is told that the server has accepted a login with the token that logins use.
func (g *LoginGate) Reopen() {
	g.refusal, g.refusedNumber, g.failures = nil, 0, 0
	g.Release(g.ahead)
}

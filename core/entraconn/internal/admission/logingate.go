package admission

import (
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// Client libraries redial at once when a login is refused: fifty callers of go-redis dial five
// thousand times a second. But one refusal is not the word of the whole server: behind one address
// there may be several proxies, and a static password would be sent to them again.

// A LoginGate judges logins by the evidence that a server has given about the credential.
//
//   - Nothing yet: one login goes ahead, and more of them the longer there is no answer (trial).
//   - The server has never accepted the credential and has refused one: the gate is closed, and
//     probes go ahead from time to time (probeSchedule).
//   - The server has accepted the credential and refuses some logins: few go ahead (rateLimit). The
//     gate closes when many are refused in a row, see authanswer.Row.
//   - The server has accepted the credential: all go ahead.
//
// The zero LoginGate is that of a server of which nothing is known.
type LoginGate struct {
	refusal   *entra.AuthError // the last one
	trial     trial
	rateLimit rateLimit
	closed    bool
	closedFor uint64 // number of the credential that was refused last while the gate was closed or closed it
	probes    probeSchedule
	changed   chan struct{} // closed when a login that waits should ask again, nil if none waits
}

// A Permit belongs to a login that goes ahead although the server may refuse it. The dial of a
// connection asks for it in advance, because most clients write at once.
type Permit struct {
	lapsesAt time.Time // zero while the connection is dialed, and once its client has written
	isLogin  bool      // the client has written
}

// silence is how long a connection that was dialed keeps its permit although its client has not
// written. Clients that want to write do it within a fraction of this, unless they get no processor.
// Others dial in advance and leave the connection silent.
const silence = 10 * time.Millisecond

// isValid reports whether the permit has not lapsed.
func (p *Permit) isValid(now time.Time) bool { return p.lapsesAt.IsZero() || now.Before(p.lapsesAt) }

// A Candidate is the credential that a login would use now.
type Candidate struct {
	Number uint64 // different for each credential, 0 if there is none
	Proven bool   // the server has accepted it, and has not closed the gate for it since
}

// A Decision says what becomes of a login. It goes ahead unless Refusal or Changed is set.
type Decision struct {
	Permit  *Permit          // of a login that goes ahead, nil if it needs none
	Refusal *entra.AuthError // what the last login was refused with; this one is not made
	// Changed is closed when it is time to ask again, which is after Wait at the latest.
	Changed <-chan struct{}
	Wait    time.Duration
}

// AdmitDial decides on the dial of a connection. Where one that can wait would wait, one that cannot
// is refused if the server has refused others, and else goes ahead. r is in [0, 1).
func (g *LoginGate) AdmitDial(c Candidate, now time.Time, r float64, canWait bool) Decision {
	return g.admit(c, now, r, false, canWait)
}

// AdmitLogin decides in the same way on the login of a connection whose client writes. It begins with
// the permit of the dial, nil if it has none, unless that has lapsed. A probe stays one until the
// next goes ahead. A permit that is used for a login does not lapse.
func (g *LoginGate) AdmitLogin(p *Permit, c Candidate, now time.Time, r float64, canWait bool) Decision {
	switch {
	case p == nil:
	case p.isValid(now) || p == g.probes.latestProbe:
		p.lapsesAt, p.isLogin = time.Time{}, true
		return Decision{Permit: p}
	case !p.isLogin:
		p.isLogin = true
		g.trial.forgetSilent(now)
		g.trial.noteWrite()
	}
	return g.admit(c, now, r, true, canWait)
}

func (g *LoginGate) admit(c Candidate, now time.Time, r float64, isLogin, canWait bool) Decision {
	var p *Permit
	var wait time.Duration
	switch {
	case g.isClosedFor(c):
		p, wait = g.probes.takeProbe(now, r)
	case !c.Proven:
		p, wait = g.trial.admitOne(now, isLogin, canWait)
	case g.rateLimit.number == c.Number:
		p, wait = g.rateLimit.takeTurn(now)
	default:
		return Decision{}
	}
	switch {
	case p != nil:
		return Decision{Permit: p}
	case !canWait:
		return Decision{Refusal: g.refusal}
	}
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	return Decision{Changed: g.changed, Wait: wait}
}

// isClosedFor reports whether only probes go ahead with a credential: also with one that the server
// has not seen, because it has refused the one before, but not with another one that it has
// accepted.
func (g *LoginGate) isClosedFor(c Candidate) bool {
	return g.closed && (!c.Proven || c.Number == g.closedFor)
}

// Dialed is told that the connection of a permit was dialed. If its client does not write soon, the
// permit lapses. p may be nil.
func (g *LoginGate) Dialed(p *Permit, now time.Time) {
	if p != nil {
		p.lapsesAt = now.Add(silence)
		g.askAgain() // to learn until when to wait
	}
}

// Release takes a permit back without a verdict. p may be nil.
func (g *LoginGate) Release(p *Permit, now time.Time) {
	if p != nil && g.trial.drop(p, now) {
		g.askAgain()
	}
}

// Refuse is told that the server has refused a login with a credential. It reports whether the gate
// is closed for that. r is in [0, 1).
func (g *LoginGate) Refuse(c Candidate, refusal *entra.AuthError, now time.Time, r float64) (closed bool) {
	g.refusal = refusal
	if g.isClosedFor(c) { // a probe, or a login that was under way
		g.closedFor, g.probes.refusedAt = c.Number, now
		return true
	}
	if c.Proven {
		closed = g.rateLimit.slowDown(c.Number, now)
	} else {
		closed = true
	}
	if closed {
		g.closed, g.closedFor = true, c.Number
		g.trial, g.rateLimit = trial{}, rateLimit{}
		g.probes.planProbe(now, r)
		g.probes.refusedAt = now
	}
	g.askAgain()
	return closed
}

// ProbeIsDue reports whether the next login that asks with a credential is a probe. Before it asks, the
// gate should hear of refusals of other clients.
func (g *LoginGate) ProbeIsDue(c Candidate, now time.Time) bool {
	return g.isClosedFor(c) && !now.Before(g.probes.nextAt)
}

// HearRefusal is told when the server has refused a login of any client of this process, last. A probe
// that is due waits as long after that as after one of its own, so that all clients together probe a
// server about as often as one does. r is in [0, 1).
func (g *LoginGate) HearRefusal(refusedAt, now time.Time, r float64) {
	g.probes.hear(refusedAt, now, r)
}

// Accept is told that the server has accepted the credential that logins use.
func (g *LoginGate) Accept(number uint64) {
	currentLimit := g.rateLimit
	if currentLimit.number != number || currentLimit.speedUp() {
		currentLimit = rateLimit{}
	}
	changed, refusal := g.changed, g.refusal
	*g = LoginGate{changed: changed, rateLimit: currentLimit}
	if currentLimit.number != 0 {
		g.refusal = refusal
	}
	g.askAgain()
}

// askAgain has the logins that wait ask again.
func (g *LoginGate) askAgain() {
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

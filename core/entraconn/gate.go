package entraconn

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// Client libraries redial at once when a login is refused: fifty callers of go-redis dial five thousand times a
// second. So while it is not known that the server accepts the token, one connection goes ahead and the others wait
// for its verdict; and after a refusal only a probe goes through now and then.

// A gate decides who may dial. It is guarded by Dialer.mu.
type gate struct {
	refused  *entra.AuthError // the last verdict, nil if it was good or there is none
	cred     *credential      // that was refused
	failures int              // in a row
	retryAt  time.Time
	ahead    *pass // the connection whose verdict is awaited, nil if none
}

// A pass belongs to a connection that goes ahead.
type pass struct {
	verdict chan struct{} // closed when it is known, or never will be
}

// aheadPatience bounds how long dials wait for the verdict on the one that went ahead: its host may have dialed it
// in advance and leave it silent.
const aheadPatience = time.Second

// admit lets a dial through, or says what it was refused with. A dial that goes ahead gets a pass, which it must
// give back by release, if no verdict comes.
func (d *Dialer) admit(ctx context.Context) (*pass, *entra.AuthError) {
	timeout := time.NewTimer(aheadPatience)
	defer timeout.Stop()
	for waited := false; ; {
		d.mu.Lock()
		now := time.Now()
		best := d.choose(now)
		g := &d.gate
		switch {
		case g.refused == nil && best != nil && best == d.proven:
			d.mu.Unlock()
			return nil, nil
		case g.refused != nil && best == g.cred && (g.ahead != nil || now.Before(g.retryAt)):
			refused := g.refused
			d.mu.Unlock()
			return nil, refused
		case g.ahead == nil || waited:
			p := &pass{verdict: make(chan struct{})}
			g.ahead = p
			d.mu.Unlock()
			return p, nil
		}
		ahead := g.ahead
		d.mu.Unlock()
		select {
		case <-ahead.verdict:
		case <-timeout.C:
			waited = true
		case <-ctx.Done():
			waited = true // the dial will say so in the host's own words
		}
	}
}

// release takes a pass back without a verdict.
func (d *Dialer) release(p *pass) {
	if p == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate.over(p)
}

// over lets those go on who wait for p, which may be anybody's: a verdict on one is a verdict on all.
func (g *gate) over(p *pass) {
	if p == nil {
		return
	}
	select {
	case <-p.verdict:
	default:
		close(p.verdict)
	}
	if g.ahead == p {
		g.ahead = nil
	}
}

// loginRefused closes the gate for a while.
func (d *Dialer) loginRefused(cred *credential, err *entra.AuthError) {
	d.src.Reject(cred.token)
	d.mu.Lock()
	defer d.mu.Unlock()
	g := &d.gate
	now := time.Now()
	if g.cred != cred || !now.Before(g.retryAt) { // connections that were under way together count once
		g.failures++
		g.retryAt = now.Add(retryDelay(g.failures, cred.token.Lifetime(), rand.Float64()))
	}
	g.refused, g.cred = err, cred
	if d.proven == cred {
		d.proven = nil
	}
	g.over(g.ahead)
}

// loginAccepted opens the gate. d.mu is held.
func (g *gate) loginAccepted() {
	g.refused, g.cred, g.failures = nil, nil, 0
	g.over(g.ahead)
}

// loginUndecided lets the next connection go ahead.
func (d *Dialer) loginUndecided(c *Conn) { d.release(c.renewal.pass) }

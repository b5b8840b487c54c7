package entraconn

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// Client libraries redial at once when a login is refused: fifty callers of go-redis dial five thousand times a
// second. So while it is not known that the server accepts the token, one connection goes ahead and the others wait
// for its verdict; and after a refusal only a probe goes through now and then.

// A gate decides who may dial. It is guarded by server.mu.
type gate struct {
	refused  *entra.AuthError // the last verdict, nil if it was good or there is none
	cred     *credential      // that was refused
	failures int              // in a row
	retryAt  time.Time
	ahead    *pass         // of the connection whose verdict is awaited, nil if none
	changed  chan struct{} // closed when something about the gate has changed, nil if nobody waits for that
}

// A pass belongs to a connection that goes ahead.
type pass struct{ since time.Time }

// aheadPatience bounds how long the verdict on the connection that went ahead is waited for: its host may have
// dialed it in advance and leave it silent.
const aheadPatience = time.Second

// admit lets a dial through, or says what it was refused with. A dial that goes ahead gets a pass, which is given
// back by release or remove if no verdict comes.
func (s *server) admit(ctx context.Context) (*pass, *entra.AuthError) {
	timeout := time.NewTimer(aheadPatience)
	defer timeout.Stop()
	latest := s.dialer.latest()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notice(latest)
	g := &s.gate
	for {
		now := time.Now()
		best := s.choose(now)
		awaited := g.ahead != nil && now.Sub(g.ahead.since) < aheadPatience
		switch {
		case g.refused == nil && best != nil && best == s.proven:
			return nil, nil
		case g.refused != nil && best == g.cred && (awaited || now.Before(g.retryAt)):
			return nil, g.refused
		case !awaited || ctx.Err() != nil: // what has ended, the dial will say in the host's own words
			g.ahead = &pass{since: now}
			return g.ahead, nil
		}
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		timeout.Reset(aheadPatience - now.Sub(g.ahead.since))
		s.mu.Unlock()
		select {
		case <-changed:
		case <-timeout.C:
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
}

// release takes a pass back without a verdict.
func (s *server) release(p *pass) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.over(p)
}

// over lets those go on who wait for p, if anybody does.
func (g *gate) over(p *pass) {
	if p == nil || g.ahead != p {
		return
	}
	g.ahead = nil
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// loginRefused closes the gate for a while.
func (s *server) loginRefused(cred *credential, err *entra.AuthError, why session.AuthFailure) {
	if why.BlamesToken() {
		s.dialer.src.Reject(cred.token)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &s.gate
	now := time.Now()
	if g.cred != cred || !now.Before(g.retryAt) { // connections that were under way together count once
		g.failures++
		g.retryAt = now.Add(retryDelay(g.failures, cred.token.Lifetime(), rand.Float64()))
	}
	g.refused, g.cred = err, cred
	s.refuse(cred)
	g.over(g.ahead)
}

// refuse remembers that the server does not accept a credential now. s.mu is held.
func (s *server) refuse(cred *credential) {
	if cred == s.newest {
		s.refused = cred
	}
	if cred == s.proven {
		s.proven = nil
	}
}

// open is told that a login was accepted.
func (g *gate) open() {
	g.refused, g.cred, g.failures = nil, nil, 0
	g.over(g.ahead)
}

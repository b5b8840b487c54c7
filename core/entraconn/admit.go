package entraconn

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// Dials wait here for what package admission decides.

// admit waits until a dial may go ahead, or says what it was refused with. A dial that goes ahead alone
// gets a permit, which is given back by release or remove if no verdict comes.
func (s *server) admit(ctx context.Context) (*admission.Permit, *entra.AuthError) {
	latest := s.dialer.latest()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notice(latest)
	for {
		now := time.Now()
		canWait := ctx.Err() == nil // else the dial will say in the client's own words what has ended
		d := s.gate.Admit(s.candidate(now), now, canWait)
		if d.Changed == nil {
			return d.Permit, d.Refusal
		}
		s.mu.Unlock()
		timeout := time.NewTimer(d.Wait)
		select {
		case <-d.Changed:
		case <-timeout.C:
		case <-ctx.Done():
		}
		timeout.Stop()
		s.mu.Lock()
	}
}

// candidate returns what a login would use now. s.mu is held.
func (s *server) candidate(now time.Time) admission.Candidate {
	best := s.choose(now)
	if best == nil {
		return admission.Candidate{}
	}
	return admission.Candidate{Number: best.number, Proven: best == s.proven}
}

// release takes a permit back without a verdict.
func (s *server) release(p *admission.Permit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.Release(p)
}

// loginRefused closes the gate for a while.
func (s *server) loginRefused(cred *credential, err *entra.AuthError, why session.AuthFailure) {
	if why.BlamesToken() {
		s.dialer.src.Reject(cred.token)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.Refuse(cred.number, err, time.Now(), func(failures int) time.Duration {
		return retryDelay(failures, cred.token.Lifetime(), rand.Float64())
	})
	s.refuse(cred)
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

// awaitPlace waits until a dial may begin: not at all unless many connections to the server were lost and
// are not back, and never longer than a second, half of what ctx has left, or ctx. It reports whether it
// has waited.
func (s *server) awaitPlace(ctx context.Context) bool {
	within := time.Duration(math.MaxInt64)
	if deadline, ok := ctx.Deadline(); ok {
		within = max(0, time.Until(deadline)/2)
	}
	s.mu.Lock()
	place, wait := s.spreading.Place(time.Since(s.dialer.start), within, rand.Float64())
	s.mu.Unlock()
	if wait == 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		s.mu.Lock()
		s.spreading.GiveBack(place)
		s.mu.Unlock()
	}
	return true
}

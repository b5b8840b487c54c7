package entraconn

import (
	"math/rand/v2"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// authAccepted is told that the server has accepted an AUTH.
func (s *server) authAccepted(c *Conn, a *attempt) {
	now := time.Now()
	s.mu.Lock()
	if s.proven == nil || a.cred.number > s.proven.number {
		s.proven = a.cred
	}
	if a.cred == s.refused {
		s.refused = nil
	}
	if a.cred == s.choose(now) {
		s.gate.Open()
	}
	s.watchExpiry(a.cred)
	c.renewal.refusals = 0
	if r := c.renewal.round; r != nil && r.cred == a.cred {
		s.leaveRound(c, leftRenewed)
	}
	if r := s.round; r != nil && r.cred == a.cred && !r.spread {
		s.spreadRound(now)
	}
	if a.cred != s.newest && c.renewal.round == nil && s.isOpen(c) {
		s.joinRound(c, now)
	}
	back, lost := admission.Loss{}, false
	since := now.Sub(s.dialer.start)
	if a.phase == entra.AuthInitial {
		back, lost = s.spreading.MakeUp(since)
	}
	s.mu.Unlock()
	if lost {
		s.dialer.obs.Reconnected(a.ctx, entra.ReconnectedInfo{Conn: c.info(), Reason: back.Reason, After: since - back.At})
	}
}

// authRefused is told that the server has not accepted an AUTH on a connection that stays logged in.
func (s *server) authRefused(c *Conn, a *attempt, why session.AuthFailure) {
	if why.BlamesToken() {
		s.dialer.src.Reject(a.cred.token)
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if why.IsRefusal() {
		s.refuse(a.cred)
	}
	r := s.round
	if r == nil || r.cred != a.cred || c.renewal.round != r {
		return
	}
	c.renewal.refusals = min(c.renewal.refusals+1, 100)
	c.renewal.asked = false
	life := a.cred.token.Lifetime()
	if r.spread {
		pause := retryDelay(int(c.renewal.refusals), life, rand.Float64())
		s.agenda.add(task{at: now.Add(pause), kind: fallsDue, conn: c})
		s.wake()
		return
	}
	r.refusals++
	r.notBefore = now.Add(retryDelay(r.refusals, life, rand.Float64()))
}

func (s *server) isOpen(c *Conn) bool {
	_, open := s.conns[c]
	return open
}

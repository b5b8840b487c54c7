package entraconn

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
)

// A round brings a newer credential to the open connections. One of them, the canary, goes first; when the server
// has accepted it there, the others follow over the window. If the server refuses it, they keep what they have.
type round struct {
	cred      *credential
	began     time.Time
	spread    bool      // the canary was accepted
	notBefore time.Time // of the next canary, after a refusal
	nextCheck time.Time // whether one more canary is needed
	refusals  int       // of canaries
	pending   int       // connections that are not settled
	result    [leftWays]int
	ctx       context.Context // what the observer's RotationStart returned; of the goroutine that tells it
}

// A renewal is what a server knows of the renewal of one connection. It is guarded by server.mu.
type renewal struct {
	permit   *admission.Permit
	round    *round // that the connection is pending in, nil if none
	refusals uint16 // in a row
	tries    uint16 // of workers in a row that changed nothing
	asked    bool   // an AUTH of this round was made due and is not refused
}

// The ways in which a connection leaves a round.
const (
	leftRenewed = iota
	leftUnrenewed
	leftClosed
	leftWays
)

// beginRound starts a round for the newest credential. s.mu is held.
func (s *server) beginRound() {
	s.endRound()
	r := &round{cred: s.newest, began: time.Now()}
	for c := range s.conns {
		c.renewal.refusals, c.renewal.asked = 0, false
		if holds := c.accepted.Load(); holds == nil || holds == r.cred {
			continue
		}
		if _, forever := c.barredBy(); forever {
			r.result[leftUnrenewed]++
			continue
		}
		c.renewal.round = r
		r.pending++
	}
	if r.pending == 0 {
		return // whoever logs in takes the newest, or starts the round with that
	}
	s.round = r
	info := entra.RotationStartInfo{
		Library: s.dialer.opts.Library, Pool: s.dialer.opts.Name, ServerAddr: s.addr, Connections: r.pending,
		ExpiresOn: r.cred.token.ExpiresOn(),
	}
	for c := range s.conns {
		if c.renewal.round == r {
			info.Window = max(info.Window, s.windowOf(c, r.began))
		}
	}
	s.tell(func() { r.ctx = s.dialer.obs.RotationStart(context.Background(), info) })
	s.sendCanary(r.began)
}

// windowOf returns over how long the round may spread the AUTH of a connection: by the token that it holds, so that a
// straggler hurries alone, and never beyond the time for the new one. s.mu is held.
func (s *server) windowOf(c *Conn, now time.Time) time.Duration {
	w := window(c.accepted.Load().token, now)
	return max(0, min(w, c.renewal.round.cred.token.RenewBy().Sub(now)))
}

// endRound ends the round under way, finished or not. s.mu is held.
func (s *server) endRound() {
	r := s.round
	if r == nil {
		return
	}
	s.round = nil
	info := entra.RotationDoneInfo{
		Library: s.dialer.opts.Library, Pool: s.dialer.opts.Name, ServerAddr: s.addr, Duration: time.Since(r.began),
		Renewed: r.result[leftRenewed], Left: r.result[leftUnrenewed], Closed: r.result[leftClosed],
	}
	for c := range s.conns {
		if c.renewal.round == r {
			c.renewal.round = nil
			c.due.Store(nil)
			if c.renewal.refusals > 0 {
				info.Refused++
			} else {
				info.Left++
			}
		}
	}
	s.tell(func() { s.dialer.obs.RotationDone(r.ctx, info) })
}

// leaveRound counts a connection that is settled one way or the other. s.mu is held.
func (s *server) leaveRound(c *Conn, way int) {
	r := c.renewal.round
	c.renewal.round = nil
	if r == nil || r != s.round {
		return
	}
	r.result[way]++
	if r.pending--; r.pending == 0 {
		s.endRound()
	}
}

// sendCanary makes an AUTH due on one more connection of the round. s.mu is held.
func (s *server) sendCanary(now time.Time) {
	r := s.round
	for c := range s.conns { // in random order
		if c.renewal.round == r && c.due.Load() == nil && !c.renewal.asked {
			s.makeDue(c, now)
			break
		}
	}
	s.checkCanaryAt(now.Add(canaryPatience(r.cred.token.Lifetime())))
}

// checkCanaryAt sets the one moment at which it is decided whether to send one more canary. s.mu is held.
func (s *server) checkCanaryAt(at time.Time) {
	s.round.nextCheck = at
	s.agenda.add(task{at: at, kind: moreCanaries})
	s.wake()
}

// checkCanary sends another canary if none was accepted by now. s.mu is held.
func (s *server) checkCanary(at, now time.Time) {
	r := s.round
	switch {
	case r == nil || r.spread || !r.nextCheck.Equal(at):
	case now.Before(r.notBefore):
		s.checkCanaryAt(r.notBefore)
	default:
		s.sendCanary(now)
	}
}

// spreadRound makes AUTHs due on the connections that wait for the canary, over the window. s.mu is held.
func (s *server) spreadRound(now time.Time) {
	r := s.round
	r.spread = true
	waiting := make([]*Conn, 0, r.pending)
	for c := range s.conns {
		if c.renewal.round == r && c.due.Load() == nil && !c.renewal.asked {
			waiting = append(waiting, c)
		}
	}
	rand.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
	for i, c := range waiting {
		s.schedule(c, i, len(waiting), now)
	}
}

// schedule gives a connection its turn, the i-th of n. s.mu is held.
func (s *server) schedule(c *Conn, i, n int, now time.Time) {
	at := slot(i, n, s.windowOf(c, now), linger(c.renewal.round.cred.token.Lifetime()), rand.Float64())
	s.agenda.add(task{at: now.Add(at), kind: fallsDue, conn: c})
	s.wake()
}

// joinRound takes in a connection that has logged in with an older credential. s.mu is held.
func (s *server) joinRound(c *Conn, now time.Time) {
	if s.round == nil {
		s.beginRound()
		return
	}
	c.renewal.round = s.round
	c.renewal.asked = false
	s.round.pending++
	if s.round.spread {
		s.schedule(c, 0, 1, now)
	}
}

// makeDue lets an AUTH ride in the next write of a connection's host, or go alone if there is none soon. s.mu is
// held.
func (s *server) makeDue(c *Conn, now time.Time) {
	r := c.renewal.round
	if r == nil || r != s.round {
		return
	}
	phase := entra.AuthRotation
	if c.renewal.refusals > 0 {
		phase = entra.AuthRetry
	}
	c.renewal.tries = 0
	c.renewal.asked = true
	c.due.Store(&dueAuth{cred: r.cred, phase: phase})
	s.agenda.add(task{at: now.Add(linger(r.cred.token.Lifetime())), kind: lookAfter, conn: c})
	s.wake()
}

package rotation

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A rotation brings a newer credential to the open connections. One of them, the canary, goes
// first. When the server has accepted it there, the others follow over the window. If the server
// refuses it, they keep what they have. The lock of its server guards it.
type rotation struct {
	server         *Server
	cred           *Credential
	began          time.Time
	isSpread       bool      // the canary was accepted
	notBefore      time.Time // of the next canary, after a refusal
	nextCheck      time.Time // whether one more canary is needed; zero if there is no connection for one
	canaryRefusals int       // of canaries
	participants   int       // connections that have not left it
	results        [departures]int
	ctx            context.Context // what the observer's RotationStart returned
}

// A departure is the way in which a connection leaves a rotation.
type departure uint8

const (
	byRenewal departure = iota
	byBar
	byClose
	departures
)

// beginLocked starts the rotation, unless no connection needs it: then logins take the newest
// credential, or bring about a rotation with an older one.
func (r *rotation) beginLocked() {
	s := r.server
	for m := range s.members {
		m.refusals, m.asked = 0, false
		if holds := m.conn.Accepted(); holds == nil || holds == r.cred {
			continue
		}
		if m.conn.CurrentBar().Forever {
			r.results[byBar]++
			continue
		}
		m.inRotation = true
		r.participants++
	}
	if r.participants == 0 {
		return
	}
	s.underway = r
	serverInfo := s.config.ServerInfo
	info := entra.RotationStartInfo{
		Library: serverInfo.Library, Pool: serverInfo.Pool, ServerAddr: serverInfo.ServerAddr, PoolAddr: serverInfo.PoolAddr,
		Connections: r.participants, ExpiresOn: r.cred.token.ExpiresOn(),
	}
	for m := range s.members {
		if m.inRotation {
			info.Window = max(info.Window, r.windowFor(m, r.began))
		}
	}
	r.ctx = s.config.Observer.RotationStart(context.Background(), info)
	r.sendCanaryLocked(r.began)
}

// finishLocked ends the rotation, finished or not.
func (r *rotation) finishLocked() {
	s := r.server
	s.underway = nil
	serverInfo := s.config.ServerInfo
	info := entra.RotationDoneInfo{
		Library: serverInfo.Library, Pool: serverInfo.Pool, ServerAddr: serverInfo.ServerAddr, PoolAddr: serverInfo.PoolAddr,
		Duration: time.Since(r.began), Renewed: r.results[byRenewal], Left: r.results[byBar], Closed: r.results[byClose],
	}
	for m := range s.members {
		if !m.inRotation {
			continue
		}
		m.inRotation = false
		m.conn.SetDue(nil)
		if m.refusals > 0 {
			info.Refused++
		} else {
			info.Left++
		}
	}
	s.config.Observer.RotationDone(r.ctx, info)
}

// joinLocked takes in a connection that has logged in with an older credential.
func (r *rotation) joinLocked(m *Member, now time.Time) {
	m.inRotation, m.asked = true, false
	r.participants++
	if r.isSpread {
		r.scheduleLocked(m, 0, 1, now)
		return
	}
	r.allowCanaryLocked(now)
}

// leaveLocked counts a connection that leaves the rotation, if it is in it.
func (r *rotation) leaveLocked(m *Member, way departure) {
	if !m.inRotation {
		return
	}
	m.inRotation = false
	r.results[way]++
	if r.participants--; r.participants == 0 {
		r.finishLocked()
	}
}

// windowFor returns over how long the AUTH of a connection may be spread: by the token that it has, so
// that a late one has a window of its own, and never beyond the time for the new one.
func (r *rotation) windowFor(m *Member, now time.Time) time.Duration {
	w := Window(m.conn.Accepted().token, now)
	return max(0, min(w, r.cred.token.RenewBy().Sub(now)))
}

// sendCanaryLocked makes an AUTH due on one more connection, if there is one.
func (r *rotation) sendCanaryLocked(now time.Time) {
	m := r.chooseCanaryLocked()
	if m == nil {
		r.nextCheck = time.Time{}
		return
	}
	r.makeDueLocked(m, now)
	r.checkCanaryAtLocked(now.Add(CanaryPatience(r.cred.token.Lifetime())))
}

// chooseCanaryLocked returns a connection that can be the next canary, nil if there is none. It
// takes one that is barred only where all are.
func (r *rotation) chooseCanaryLocked() (chosen *Member) {
	for m := range r.server.members { // in random order
		if !m.inRotation || m.asked {
			continue
		}
		if m.conn.CurrentBar().Why == session.Renewable {
			return m
		}
		chosen = m
	}
	return chosen
}

// allowCanaryLocked plans the next canary, because there is a connection for it from now on.
func (r *rotation) allowCanaryLocked(now time.Time) {
	if r.nextCheck.IsZero() {
		r.checkCanaryAtLocked(now)
	}
}

// checkCanaryAtLocked sets the one moment at which it is decided whether to send one more canary.
// A task for another moment, set before, is void.
func (r *rotation) checkCanaryAtLocked(at time.Time) {
	r.nextCheck = at
	r.server.addLocked(task{at: at, kind: nextCanary})
}

// checkCanaryLocked sends another canary if none was accepted by now. at is when that was to be
// decided.
func (r *rotation) checkCanaryLocked(at, now time.Time) {
	switch {
	case r.isSpread || !r.nextCheck.Equal(at):
	case now.Before(r.notBefore):
		r.checkCanaryAtLocked(r.notBefore)
	default:
		r.sendCanaryLocked(now)
	}
}

// spreadLocked gives the connections that wait for the canary their slots in the window.
func (r *rotation) spreadLocked(now time.Time) {
	r.isSpread = true
	waiting := make([]*Member, 0, r.participants)
	for m := range r.server.members {
		if m.inRotation && !m.asked {
			waiting = append(waiting, m)
		}
	}
	rand.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
	for i, m := range waiting {
		r.scheduleLocked(m, i, len(waiting), now)
	}
}

// scheduleLocked gives a connection its slot, the i-th of n.
func (r *rotation) scheduleLocked(m *Member, i, n int, now time.Time) {
	at := Slot(i, n, r.windowFor(m, now), Linger(r.cred.token.Lifetime()), rand.Float64())
	r.server.addLocked(task{at: now.Add(at), kind: fallDue, member: m, cred: r.cred})
}

// mayAskLocked reports whether an AUTH may be made due on a connection before its slot has come.
func (r *rotation) mayAskLocked(m *Member, now time.Time) bool {
	return m.inRotation && !m.asked && m.refusals == 0 && (r.isSpread || !now.Before(r.notBefore))
}

// fallDueLocked makes an AUTH due on a connection whose slot has come, unless it had one before, after
// a blocking command.
func (r *rotation) fallDueLocked(m *Member, now time.Time) {
	if m.inRotation && !m.asked {
		r.makeDueLocked(m, now)
	}
}

// makeDueLocked lets an AUTH ride in the next write of a connection's client, or go alone if there
// is none soon.
func (r *rotation) makeDueLocked(m *Member, now time.Time) {
	due := &Due{Credential: r.cred, Phase: entra.AuthRotation}
	if m.refusals > 0 {
		due.Phase = entra.AuthRetry
	}
	m.tries, m.asked = 0, true
	m.conn.SetDue(due)
	r.server.visitAtLocked(m, now.Add(Linger(r.cred.token.Lifetime())))
}

// refusedLocked plans the next AUTH after the server has refused one on a connection.
func (r *rotation) refusedLocked(m *Member, now time.Time) {
	m.refusals = min(m.refusals+1, 100)
	m.asked = false
	life := r.cred.token.Lifetime()
	if r.isSpread {
		pause := RetryDelay(int(m.refusals), life, rand.Float64())
		r.server.addLocked(task{at: now.Add(pause), kind: fallDue, member: m, cred: r.cred})
		return
	}
	r.canaryRefusals++
	r.notBefore = now.Add(RetryDelay(r.canaryRefusals, life, rand.Float64()))
	r.allowCanaryLocked(r.notBefore)
}

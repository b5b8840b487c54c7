package entraconn

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A round brings a newer credential to the open connections. One of them, the canary, goes first; when the server
// has accepted it there, the others follow over the window. If the server refuses it, they keep what they have.
type round struct {
	cred      *credential
	began     time.Time
	ends      time.Time // of the window, once spread
	spread    bool      // the canary was accepted
	notBefore time.Time // of the next canary, after a refusal
	nextCheck time.Time // whether one more canary is needed
	refusals  int       // of canaries
	pending   int       // connections that are not settled
	result    [leftWays]int
	ctx       context.Context // what the observer's RotationStart returned; of the goroutine that tells it
}

// A renewal is what a Dialer knows of the renewal of one connection. It is guarded by Dialer.mu.
type renewal struct {
	pass     *pass
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

// beginRound starts a round for the newest credential. d.mu is held.
func (d *Dialer) beginRound() {
	d.endRound()
	r := &round{cred: d.newest, began: time.Now()}
	for c := range d.conns {
		if holds := c.accepted.Load(); holds != nil && holds != r.cred {
			c.renewal.round = r
			c.renewal.asked = false
			r.pending++
		}
	}
	if r.pending == 0 {
		return // whoever logs in takes the newest, or starts the round with that
	}
	d.round = r
	info := entra.RotationStartInfo{
		Library: d.opts.Library, Pool: d.opts.Name, Connections: r.pending,
		Window: d.windowFrom(r.began), ExpiresOn: r.cred.token.ExpiresOn(),
	}
	d.tell(func() { r.ctx = d.obs.RotationStart(context.Background(), info) })
	d.sendCanary(r.began)
}

// endRound ends the round under way, finished or not. d.mu is held.
func (d *Dialer) endRound() {
	r := d.round
	if r == nil {
		return
	}
	d.round = nil
	info := entra.RotationDoneInfo{
		Library: d.opts.Library, Pool: d.opts.Name, Duration: time.Since(r.began),
		Renewed: r.result[leftRenewed], Left: r.result[leftUnrenewed], Closed: r.result[leftClosed],
	}
	for c := range d.conns {
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
	d.tell(func() { d.obs.RotationDone(r.ctx, info) })
}

// leaveRound counts a connection that is settled one way or the other. d.mu is held.
func (d *Dialer) leaveRound(c *Conn, way int) {
	r := c.renewal.round
	c.renewal.round = nil
	if r == nil || r != d.round {
		return
	}
	r.result[way]++
	if r.pending--; r.pending == 0 {
		d.endRound()
	}
}

// windowFrom returns how long a round may take from now on, by the first token that will expire. d.mu is held.
func (d *Dialer) windowFrom(now time.Time) time.Duration {
	w := idle
	for c := range d.conns {
		if c.renewal.round != nil {
			w = min(w, window(c.accepted.Load().token, now))
		}
	}
	return w
}

// sendCanary makes an AUTH due on one more connection of the round. d.mu is held.
func (d *Dialer) sendCanary(now time.Time) {
	r := d.round
	for c := range d.conns { // in random order
		if c.renewal.round == r && c.due.Load() == nil && !c.renewal.asked {
			d.makeDue(c, now)
			break
		}
	}
	d.checkCanaryAt(now.Add(canaryPatience(r.cred.token.Lifetime())))
}

// checkCanaryAt sets the one moment at which it is decided whether to send one more canary. d.mu is held.
func (d *Dialer) checkCanaryAt(at time.Time) {
	d.round.nextCheck = at
	d.agenda.add(task{at: at, kind: moreCanaries})
	d.wake()
}

// checkCanary sends another canary if none was accepted by now. d.mu is held.
func (d *Dialer) checkCanary(at, now time.Time) {
	r := d.round
	switch {
	case r == nil || r.spread || !r.nextCheck.Equal(at):
	case now.Before(r.notBefore):
		d.checkCanaryAt(r.notBefore)
	default:
		d.sendCanary(now)
	}
}

// spreadRound makes AUTHs due on the connections that wait for the canary, over the window. d.mu is held.
func (d *Dialer) spreadRound(now time.Time) {
	r := d.round
	r.spread = true
	waiting := make([]*Conn, 0, r.pending)
	for c := range d.conns {
		if c.renewal.round == r && c.due.Load() == nil && !c.renewal.asked {
			waiting = append(waiting, c)
		}
	}
	rand.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
	w := d.windowFrom(now)
	r.ends = now.Add(w)
	for i, c := range waiting {
		at := slot(i, len(waiting), w, linger(r.cred.token.Lifetime()), rand.Float64())
		d.agenda.add(task{at: now.Add(at), kind: fallsDue, conn: c})
	}
	d.wake()
}

// joinRound takes in a connection that has logged in with an older credential. d.mu is held.
func (d *Dialer) joinRound(c *Conn, now time.Time) {
	if d.round == nil {
		d.beginRound()
		return
	}
	c.renewal.round = d.round
	c.renewal.asked = false
	d.round.pending++
	if d.round.spread {
		at := time.Duration(rand.Float64() * float64(max(0, d.round.ends.Sub(now))))
		d.agenda.add(task{at: now.Add(at), kind: fallsDue, conn: c})
		d.wake()
	}
}

// makeDue lets an AUTH ride in the next write of a connection's host, or go alone if there is none soon. d.mu is
// held.
func (d *Dialer) makeDue(c *Conn, now time.Time) {
	r := c.renewal.round
	if r == nil || r != d.round {
		return
	}
	phase := entra.AuthRotation
	if c.renewal.refusals > 0 {
		phase = entra.AuthRetry
	}
	c.renewal.tries = 0
	c.renewal.asked = true
	c.due.Store(&dueAuth{cred: r.cred, phase: phase})
	d.agenda.add(task{at: now.Add(linger(r.cred.token.Lifetime())), kind: lookAfter, conn: c})
	d.wake()
}

// authAccepted is told that the server has accepted an AUTH.
func (d *Dialer) authAccepted(c *Conn, a *attempt) {
	now := time.Now()
	d.mu.Lock()
	if d.proven == nil || a.cred.number > d.proven.number {
		d.proven = a.cred
	}
	d.gate.loginAccepted()
	d.watchExpiry(a.cred)
	c.renewal.refusals = 0
	if r := c.renewal.round; r != nil && r.cred == a.cred {
		d.leaveRound(c, leftRenewed)
	}
	if r := d.round; r != nil && r.cred == a.cred && !r.spread {
		d.spreadRound(now)
	}
	if a.cred != d.newest && c.renewal.round == nil && d.isOpen(c) {
		d.joinRound(c, now)
	}
	back, lost := ending{}, false
	if a.phase == entra.AuthInitial {
		back, lost = d.found(c.addr)
	}
	d.mu.Unlock()
	if lost {
		d.obs.Reconnected(a.ctx, entra.ReconnectedInfo{Conn: c.info(), Reason: back.reason, After: now.Sub(back.at)})
	}
}

// authRefused is told that the server has refused an AUTH on a connection that stays logged in.
func (d *Dialer) authRefused(c *Conn, a *attempt) {
	d.src.Reject(a.cred.token)
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.round
	if r == nil || r.cred != a.cred || c.renewal.round != r {
		return
	}
	c.renewal.refusals = min(c.renewal.refusals+1, 100)
	c.renewal.asked = false
	if r.spread {
		pause := retryDelay(int(c.renewal.refusals), a.cred.token.Lifetime(), rand.Float64())
		d.agenda.add(task{at: now.Add(pause), kind: fallsDue, conn: c})
		d.wake()
		return
	}
	r.refusals++
	r.notBefore = now.Add(retryDelay(r.refusals, a.cred.token.Lifetime(), rand.Float64()))
}

// found returns the loss that a login at addr makes up for. d.mu is held.
func (d *Dialer) found(addr string) (ending, bool) {
	lost := d.losses[addr]
	if len(lost) == 0 {
		return ending{}, false
	}
	if len(lost) == 1 {
		delete(d.losses, addr)
	} else {
		d.losses[addr] = lost[1:]
	}
	return lost[0], true
}

func (d *Dialer) isOpen(c *Conn) bool {
	_, open := d.conns[c]
	return open
}

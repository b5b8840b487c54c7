package entraconn

import (
	"slices"
	"time"
)

// The goroutine of a Dialer, and its few workers. It lives while there are connections.

// maxWorkers bounds the workers. Each looks after a connection for some milliseconds at most, or for a second if
// the peer takes nothing.
const maxWorkers = 4

func (d *Dialer) run() {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		tok, newer := d.src.Latest()
		if d.src.Status().Closed {
			newer = nil // it is closed for good
		}
		d.mu.Lock()
		d.notice(tok)
		open := len(d.conns) > 0
		var wait time.Duration
		var expiring []*Conn
		if open {
			expiring, wait = d.work(time.Now())
		} else {
			d.rest()
		}
		told := d.untold
		d.untold = nil
		d.mu.Unlock()
		for _, tell := range told {
			tell()
		}
		if !open {
			return
		}
		d.retire(expiring)
		timer.Reset(wait)
		select {
		case <-newer:
		case <-d.nudge:
		case <-timer.C:
		}
	}
}

// rest prepares for the end of the goroutine. d.mu is held.
func (d *Dialer) rest() {
	d.awake = false
	d.endRound()
	d.agenda = slices.DeleteFunc(d.agenda, func(t task) bool { return t.kind != retireHolders })
}

// work does what is due on the agenda. It returns connections to retire and how long there is nothing to do. d.mu
// is held.
func (d *Dialer) work(now time.Time) (expiring []*Conn, wait time.Duration) {
	for {
		t, due, wait := d.agenda.take(now)
		if !due {
			return expiring, wait
		}
		switch t.kind {
		case fallsDue:
			d.makeDue(t.conn, now)
		case lookAfter:
			if d.isOpen(t.conn) {
				d.employ(t.conn)
			}
		case moreCanaries:
			d.checkCanary(t.at, now)
		case retireHolders:
			for c := range d.conns {
				if c.accepted.Load() == t.cred {
					expiring = append(expiring, c)
				}
			}
		}
	}
}

// retire ends connections that cannot be renewed in time.
func (d *Dialer) retire(conns []*Conn) {
	for _, c := range conns {
		if c.retire() != renewable {
			d.mu.Lock()
			d.leaveRound(c, leftUnrenewed)
			d.mu.Unlock()
		}
	}
}

// watchExpiry puts the end of a credential on the agenda, once. d.mu is held.
func (d *Dialer) watchExpiry(cred *credential) {
	if !cred.watched {
		cred.watched = true
		d.agenda.add(task{at: retireAt(cred.token), kind: retireHolders, cred: cred})
		d.wake()
	}
}

// employ gives a connection to the workers. d.mu is held.
func (d *Dialer) employ(c *Conn) {
	d.jobs = append(d.jobs, c)
	if d.workers < maxWorkers {
		d.workers++
		go d.worker()
	}
}

// worker looks after connections while there are any to look after.
func (d *Dialer) worker() {
	buf := make([]byte, lookSize)
	for {
		d.mu.Lock()
		if len(d.jobs) == 0 {
			d.workers--
			d.jobs = nil
			d.mu.Unlock()
			return
		}
		c := d.jobs[0]
		d.jobs = d.jobs[1:]
		tries := c.renewal.tries
		d.mu.Unlock()

		at := c.renew()
		if at == unanswered {
			at = c.look(buf, min(firstLook<<min(tries, 10), longestLook))
		}
		d.follow(c, at, time.Now())
	}
}

// follow decides what comes next for a connection that a worker has looked after.
func (d *Dialer) follow(c *Conn, at progress, now time.Time) {
	switch at {
	case settled, over:
		return
	case unanswered:
		if c.giveUp(now.Add(-answerPatience)) {
			return
		}
	}
	_, forever := c.barredBy()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.isOpen(c) {
		return
	}
	if at == barred {
		if forever {
			c.due.Store(nil)
			d.leaveRound(c, leftUnrenewed)
		}
		if r := d.round; r != nil && !r.spread && c.renewal.tries == 0 {
			d.checkCanaryAt(now) // it was a poor choice
		}
		if forever {
			d.wake()
			return
		}
	}
	// The pause doubles, so that neither an answer that is about to come waits long, nor a connection that is
	// blocked for hours costs anything.
	pause := min(time.Millisecond<<min(c.renewal.tries, 10), time.Second)
	c.renewal.tries = min(c.renewal.tries+1, 100)
	d.agenda.add(task{at: now.Add(pause), kind: lookAfter, conn: c})
	d.wake()
}

// tell has the goroutine call an observer, outside of every lock. d.mu is held.
func (d *Dialer) tell(f func()) {
	d.untold = append(d.untold, f)
	d.wake()
}

package entraconn

import (
	"time"
)

// The goroutine of a server, and its few workers. It lives while there are connections.

// maxWorkers bounds the workers. Each looks after a connection for some milliseconds at most, or for a second if
// the peer takes nothing.
const maxWorkers = 4

func (s *server) run() {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		_, newer := s.dialer.src.Latest()
		if s.dialer.src.Status().Closed {
			newer = nil // it is closed for good
		}
		latest := s.dialer.latest()
		s.mu.Lock()
		s.notice(latest)
		open := len(s.conns) > 0
		var wait time.Duration
		var expiring []*Conn
		if open {
			expiring, wait = s.work(time.Now())
		} else {
			s.rest()
		}
		told := s.untold
		s.untold = nil
		s.mu.Unlock()
		for _, tell := range told {
			tell()
		}
		if !open {
			return
		}
		s.retire(expiring, time.Now())
		timer.Reset(wait)
		select {
		case <-newer:
		case <-s.nudge:
		case <-timer.C:
		}
	}
}

// rest prepares for the end of the goroutine. s.mu is held.
func (s *server) rest() {
	s.awake = false
	s.endRound()
	s.agenda = nil
	s.watched = nil
}

// work does what is due on the agenda. It returns connections to retire and how long there is nothing to do. s.mu
// is held.
func (s *server) work(now time.Time) (expiring []*Conn, wait time.Duration) {
	for {
		t, due, wait := s.agenda.take(now)
		if !due {
			return expiring, wait
		}
		switch t.kind {
		case fallsDue:
			if !t.conn.renewal.asked { // a blocking command may have had its AUTH before its turn
				s.makeDue(t.conn, now)
			}
		case lookAfter:
			if s.isOpen(t.conn) {
				s.employ(t.conn)
			}
		case moreCanaries:
			s.checkCanary(t.at, now)
		case retireHolders:
			delete(s.watched, t.cred)
			for c := range s.conns {
				if c.accepted.Load() == t.cred {
					expiring = append(expiring, c)
				}
			}
		case retireHolder:
			expiring = append(expiring, t.conn)
		}
	}
}

// retire ends connections that cannot be renewed in time. Where something is outstanding it tries again, up to the
// end of the token.
func (s *server) retire(conns []*Conn, now time.Time) {
	for _, c := range conns {
		retired, forever := c.retire()
		s.mu.Lock()
		if forever {
			s.leaveRound(c, leftUnrenewed)
		}
		if cred := c.accepted.Load(); forever && !retired && s.isOpen(c) && now.Before(cred.token.ExpiresOn()) {
			s.agenda.add(task{at: now.Add(scaled(time.Second, cred.token.Lifetime())), kind: retireHolder, conn: c})
			s.wake()
		}
		s.mu.Unlock()
	}
}

// watchExpiry puts the end of a credential on the agenda, once. s.mu is held.
func (s *server) watchExpiry(cred *credential) {
	if s.watched[cred] {
		return
	}
	if s.watched == nil {
		s.watched = make(map[*credential]bool)
	}
	s.watched[cred] = true
	s.agenda.add(task{at: retireAt(cred.token), kind: retireHolders, cred: cred})
	s.wake()
}

// employ gives a connection to the workers. s.mu is held.
func (s *server) employ(c *Conn) {
	s.jobs = append(s.jobs, c)
	if s.workers < maxWorkers {
		s.workers++
		go s.worker()
	}
}

// worker looks after connections while there are any to look after.
func (s *server) worker() {
	buf := make([]byte, lookSize)
	for {
		s.mu.Lock()
		if len(s.jobs) == 0 {
			s.workers--
			s.jobs = nil
			s.mu.Unlock()
			return
		}
		c := s.jobs[0]
		s.jobs = s.jobs[1:]
		tries := c.renewal.tries
		s.mu.Unlock()

		at := c.renew()
		if at == sent || at == unread || at == barred && c.overdue() {
			at = c.look(buf, min(firstLook<<min(tries, 10), longestLook))
		}
		s.follow(c, at, time.Now())
	}
}

// follow decides what comes next for a connection that a worker has looked after.
func (s *server) follow(c *Conn, at progress, now time.Time) {
	switch at {
	case settled:
		return
	case over:
		c.leave() // its host may not look at it for hours
		return
	}
	_, forever := c.barredBy()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isOpen(c) {
		return
	}
	if at == barred {
		if r := s.round; r != nil && !r.spread && c.renewal.tries == 0 {
			s.checkCanaryAt(now) // it was a poor choice
		}
		if forever {
			c.due.Store(nil)
			s.leaveRound(c, leftUnrenewed)
			return
		}
	}
	// The pause doubles, so that neither an answer that is about to come waits long, nor a connection that is
	// blocked for hours costs anything.
	pause := min(time.Millisecond<<min(c.renewal.tries, 10), time.Second)
	c.renewal.tries = min(c.renewal.tries+1, 100)
	s.agenda.add(task{at: now.Add(pause), kind: lookAfter, conn: c})
	s.wake()
}

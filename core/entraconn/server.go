package entraconn

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
)

// A server is what a Dialer knows of one server address: its connections, and what it thinks of the tokens. Servers
// learn of an access policy at different times, so a verdict of one says nothing about another.
type server struct {
	dialer *Dialer
	addr   string

	blocked blocked

	mu        sync.Mutex
	conns     map[*Conn]struct{}
	newest    *credential // of the Source, as far as this server has been told
	proven    *credential // that the server accepted last
	refused   *credential // the newest, if the server has refused it
	gate      admission.Gate
	spreading admission.Spreading
	round     *round // the rotation under way, nil if none
	agenda    agenda
	watched   map[*credential]bool // whose end is on the agenda
	awake     bool                 // the goroutine runs
	nudge     chan struct{}        // to it: the agenda has changed
	untold    []func()             // observer calls for it to make
	jobs      []*Conn              // for the workers
	workers   int
	askAt     time.Time // before it, new connections do not ask for RESP3
}

// resp2Memory is how long a Dialer believes that a server does not speak RESP3. One that is upgraded or replaced is
// found then, or as soon as no connection to it is open: a server ends its connections for that, a proxy need not.
const resp2Memory = time.Hour

// staysInRESP2 is told that the server does not speak RESP3.
func (s *server) staysInRESP2(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.askAt = now.Add(resp2Memory)
}

func (s *server) attach(ctx context.Context, inner net.Conn, permit *admission.Permit) *Conn {
	d := s.dialer
	c := &Conn{
		inner:   inner,
		tame:    tame(inner),
		server:  s,
		id:      d.ids.Add(1),
		opened:  time.Since(d.start),
		renewal: renewal{permit: permit},
	}
	if d.opts.SeparateLogin {
		c.loggedIn = make(chan struct{})
	}
	c.deadlines.init()
	c.session.Init()
	c.opening = &opening{ctx: context.WithoutCancel(d.obs.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: c.info()}))}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) == 0 {
		s.askAt = time.Time{}
	}
	if time.Now().Before(s.askAt) {
		c.session.StayInRESP2()
	}
	s.conns[c] = struct{}{}
	if !s.awake {
		s.awake = true
		go s.run()
	}
	return c
}

// loginCredential returns what a login that begins now should use. While there is no token it waits until ctx ends.
func (s *server) loginCredential(ctx context.Context) (*credential, error) {
	for {
		if cred := s.dialer.latest(); cred != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.notice(cred)
			return s.choose(time.Now()), nil
		}
		if _, err := s.dialer.src.Token(ctx); err != nil {
			return nil, err
		}
	}
}

// choose returns the newest credential, unless the server has yet to accept it and there is an older one that it
// has accepted and that still lives: a token may be good and the server not know it yet. s.mu is held.
func (s *server) choose(now time.Time) *credential {
	if s.proven == nil {
		return s.newest
	}
	until := s.proven.token.RenewBy()
	if s.refused == s.newest {
		until = s.proven.token.ExpiresOn()
	}
	if now.Before(until) {
		return s.proven
	}
	return s.newest
}

// notice takes over a credential of the Source, if it is newer than what is known here: several goroutines ask, and
// one that was held up after it asked brings an older one. s.mu is held.
func (s *server) notice(cred *credential) {
	if cred != nil && (s.newest == nil || cred.number > s.newest.number) {
		s.newest = cred
		s.beginRound()
	}
}

// attempt returns the AUTH that is due.
func (s *server) attempt(due *dueAuth) *attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := newAttempt(due)
	a.proven = due.cred == s.proven
	return a
}

// attemptNow returns the AUTH that is due, or will be later in this round: a connection that was blocked may be
// blocked again by then. It returns nil if there is none.
func (s *server) attemptNow(c *Conn) *attempt {
	s.mu.Lock()
	if r := c.renewal.round; c.due.Load() == nil && r != nil && !c.renewal.asked && c.renewal.refusals == 0 {
		if now := time.Now(); r.spread || !now.Before(r.notBefore) {
			s.makeDue(c, now)
		}
	}
	s.mu.Unlock()
	due := c.due.Load()
	if due == nil || c.written == nil {
		return nil
	}
	return s.attempt(due)
}

// remove forgets a connection that the host has closed, and remembers its loss if the host did not want it.
func (s *server) remove(c *Conn, end ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.Release(c.renewal.permit)
	delete(s.conns, c)
	if c.accepted.Load() != nil && end.reason != entra.CloseByClient {
		s.spreading.Lose(admission.Loss{At: end.at.Sub(s.dialer.start), Reason: end.reason})
	}
	s.leaveRound(c, leftClosed)
	s.wake()
}

// wake makes the goroutine look at the agenda. s.mu is held.
func (s *server) wake() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

// tell has the goroutine call an observer, outside of every lock. s.mu is held.
func (s *server) tell(f func()) {
	s.untold = append(s.untold, f)
	s.wake()
}

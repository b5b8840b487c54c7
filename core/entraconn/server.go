package entraconn

import (
	"context"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
	"github.com/entraredis/entraredis/core/entraconn/internal/deadline"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A server is what a Dialer knows of one server address. Package rotation decides which of its connections gets which
// credential when, package admission which dial may go ahead. The server tells each what concerns it, and waits for
// what they decide.
type server struct {
	dialer       *Dialer
	addr         string
	rotation     *rotation.Server
	blockedConns blockedConns

	// mu guards what follows. The methods of rotation may be called while it is held.
	mu        sync.Mutex
	loginGate admission.Gate
	spreading admission.Spreading
	permits   map[*Conn]*admission.Permit
	open      int       // connections
	askAt     time.Time // before it, new connections do not ask for RESP3
}

func newServer(d *Dialer, addr string) *server {
	config := rotation.Config{
		Credentials: d.credentials, Observer: d.obs, Library: d.opts.Library, Pool: d.opts.Name, Addr: addr,
	}
	return &server{
		dialer: d, addr: addr, permits: make(map[*Conn]*admission.Permit), rotation: rotation.NewServer(config),
	}
}

// resp2Memory is how long a Dialer believes that a server does not speak RESP3. One that is upgraded or replaced is
// found then, or as soon as no connection to it is open: a server ends its connections for that, a proxy need not.
const resp2Memory = time.Hour

// staysInRESP2 records that the server does not speak RESP3.
func (s *server) staysInRESP2(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.askAt = now.Add(resp2Memory)
}

// admit waits until a dial may go ahead, or says what it was refused with. A dial that goes ahead alone gets a permit,
// which is given back by release or remove if no verdict comes.
func (s *server) admit(ctx context.Context) (*admission.Permit, *entra.AuthError) {
	for {
		canWait := ctx.Err() == nil // else the client's dial returns the error of its ctx
		d := s.decide(canWait)
		if d.Changed == nil {
			return d.Permit, d.Refusal
		}
		timeout := time.NewTimer(d.Wait)
		select {
		case <-d.Changed:
		case <-timeout.C:
		case <-ctx.Done():
		}
		timeout.Stop()
	}
}

// decide asks the login gate about a dial.
func (s *server) decide(canWait bool) admission.Decision {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var login admission.Candidate
	if best, proven := s.rotation.Best(now); best != nil {
		login = admission.Candidate{Number: best.Number(), Proven: proven}
	}
	return s.loginGate.Admit(login, now, canWait)
}

// release takes a permit back without a verdict.
func (s *server) release(p *admission.Permit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loginGate.Release(p)
}

// awaitPlace waits until a dial may begin: not at all unless many connections to the server were lost and are not back,
// and never longer than a second, half of what ctx has left, or ctx. It reports whether it has waited.
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

// attach makes a Conn of a connection that was dialed.
func (s *server) attach(ctx context.Context, inner net.Conn, permit *admission.Permit) *Conn {
	d := s.dialer
	c := &Conn{inner: deadline.Conn{Conn: inner}, server: s, id: d.ids.Add(1), opened: time.Since(d.start)}
	c.login = &login{conn: c, ctx: context.WithoutCancel(d.obs.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: c.info()}))}
	if d.opts.SeparateLogin {
		c.login.answered = make(chan struct{})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == 0 {
		s.askAt = time.Time{}
	}
	c.session.Init(time.Now().Before(s.askAt))
	s.open++
	if permit != nil {
		s.permits[c] = permit
	}
	s.rotation.Add(&c.member, renewal{c})
	return c
}

// remove forgets a connection that the client has closed, and remembers its loss if the client did not want it.
func (s *server) remove(c *Conn, end cause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	s.giveBackLocked(c)
	s.rotation.Remove(&c.member)
	if c.accepted.Load() != nil && end.reason != entra.CloseByClient {
		s.spreading.Lose(admission.Loss{At: end.at.Sub(s.dialer.start), Reason: end.reason})
	}
}

// giveBack takes the permit of a connection back without a verdict, if it has one.
func (s *server) giveBack(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveBackLocked(c)
}

// giveBackLocked is giveBack for callers with the lock. It needs mu.
func (s *server) giveBackLocked(c *Conn) {
	s.loginGate.Release(s.permits[c])
	delete(s.permits, c)
}

// authAccepted acts on an AUTH that the server has accepted.
func (s *server) authAccepted(c *Conn, a *sentAuth) {
	back, lost := admission.Loss{}, false
	since := time.Since(s.dialer.start)
	s.mu.Lock()
	if s.rotation.Accepted(&c.member, a.cred) {
		s.loginGate.Open()
	}
	if a.phase == entra.AuthInitial {
		back, lost = s.spreading.MakeUp(since)
	}
	s.mu.Unlock()
	if lost {
		s.dialer.obs.Reconnected(a.ctx, entra.ReconnectedInfo{Conn: c.info(), Reason: back.Reason, After: since - back.At})
	}
}

// authRefused acts on an AUTH that the server has refused on a connection that stays logged in.
func (s *server) authRefused(c *Conn, a *sentAuth, why session.AuthFailure) {
	if why.BlamesToken() {
		s.dialer.src.Reject(a.cred.Token())
	}
	s.rotation.Refused(&c.member, a.cred, why)
}

// loginRefused acts on a login that the server has refused: it closes the login gate for a while.
func (s *server) loginRefused(cred *rotation.Credential, err *entra.AuthError, why session.AuthFailure) {
	if why.BlamesToken() {
		s.dialer.src.Reject(cred.Token())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loginGate.Refuse(cred.Number(), err, time.Now(), func(failures int) time.Duration {
		return rotation.RetryDelay(failures, cred.Token().Lifetime(), rand.Float64())
	})
	s.rotation.LoginRefused(cred)
}

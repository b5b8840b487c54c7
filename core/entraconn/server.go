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

// A server is what a Dialer knows of one server address. Package rotation decides which of its
// connections gets which credential when, package admission which dial may go ahead. The server
// tells each of them what concerns it, and does the waiting.
type server struct {
	dialer       *Dialer
	addr         string
	rotation     *rotation.Server
	blockedConns blockedConns

	// mu guards what follows. The methods of rotation may be called while it is held.
	mu        sync.Mutex
	loginGate admission.LoginGate
	spreading admission.Spreading
	permits   map[*Conn]*admission.Permit
	openConns int       // connections
	askAt     time.Time // new connections ask for RESP3 from then on
}

func newServer(d *Dialer, addr string) *server {
	config := rotation.Config{
		Credentials: d.credentials, Observer: d.obs, Library: d.opts.Library, Pool: d.opts.Name, Addr: addr,
	}
	return &server{
		dialer: d, addr: addr, permits: make(map[*Conn]*admission.Permit), rotation: rotation.NewServer(config),
	}
}

// resp2Memory is how long a Dialer believes that a server does not speak RESP3. A server that is
// upgraded or replaced is found after that, or as soon as no connection to it is open: a server
// closes its connections for an upgrade, a proxy may not.
const resp2Memory = time.Hour

// recordRESP2Only records that the server does not speak RESP3.
func (s *server) recordRESP2Only(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.askAt = now.Add(resp2Memory)
}

// admit waits until a dial may go ahead, or returns the refusal. A dial that goes ahead alone gets
// a permit. release or detach gives it back if no verdict comes.
func (s *server) admit(ctx context.Context) (*admission.Permit, *entra.AuthError) {
	for {
		canWait := ctx.Err() == nil // else the client's dial returns the error of its ctx
		d := s.askLoginGate(canWait)
		if d.Changed == nil {
			return d.Permit, d.Refusal
		}
		timer := time.NewTimer(d.Wait)
		select {
		case <-d.Changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// askLoginGate asks the login gate about a dial.
func (s *server) askLoginGate(canWait bool) admission.Decision {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var candidate admission.Candidate
	if best, proven := s.rotation.Best(now); best != nil {
		candidate = admission.Candidate{Number: best.Number(), Proven: proven}
	}
	return s.loginGate.Admit(candidate, now, canWait)
}

// release gives a permit back without a verdict.
func (s *server) release(p *admission.Permit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loginGate.Release(p)
}

// awaitPlace waits until a dial may begin, and reports whether it has waited. It waits only if many
// connections to the server were lost and are not back, for at most a second, half of what ctx has
// left, and until ctx ends.
func (s *server) awaitPlace(ctx context.Context) bool {
	within := time.Duration(math.MaxInt64)
	if deadline, ok := ctx.Deadline(); ok {
		within = max(0, time.Until(deadline)/2)
	}
	s.mu.Lock()
	place, wait := s.spreading.FindPlace(time.Since(s.dialer.startedAt), within, rand.Float64())
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
func (s *server) attach(ctx context.Context, dialed net.Conn, permit *admission.Permit) *Conn {
	d := s.dialer
	c := &Conn{inner: deadline.Conn{Conn: dialed}, server: s, id: d.ids.Add(1), opened: time.Since(d.startedAt)}
	c.login = &login{conn: c, ctx: context.WithoutCancel(d.obs.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: c.connInfo()}))}
	if d.opts.SeparateLogin {
		c.login.answered = make(chan struct{})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.openConns == 0 {
		s.askAt = time.Time{}
	}
	c.session.Init(time.Now().Before(s.askAt))
	s.openConns++
	if permit != nil {
		s.permits[c] = permit
	}
	s.rotation.Add(&c.member, renewal{c})
	return c
}

// detach forgets a connection that has ended, and remembers the loss unless the client closed it.
func (s *server) detach(c *Conn, end ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.openConns--
	s.giveBackLocked(c)
	s.rotation.Remove(&c.member)
	if c.accepted.Load() != nil && end.closeReason != entra.CloseByClient {
		s.spreading.Lose(admission.Loss{LostAt: end.endedAt.Sub(s.dialer.startedAt), CloseReason: end.closeReason})
	}
}

// giveBack gives the permit of a connection back without a verdict, if it has one.
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
	back, isBack := admission.Loss{}, false
	sinceStart := time.Since(s.dialer.startedAt)
	s.mu.Lock()
	if s.rotation.AuthAccepted(&c.member, a.cred) {
		s.loginGate.Reopen()
	}
	if a.phase == entra.AuthInitial {
		back, isBack = s.spreading.MakeUp(sinceStart)
	}
	s.mu.Unlock()
	if isBack {
		s.dialer.obs.Reconnected(a.ctx, entra.ReconnectedInfo{Conn: c.connInfo(), Reason: back.CloseReason, After: sinceStart - back.LostAt})
	}
}

// authRefused acts on an AUTH that the server has refused on a connection that stays logged in.
func (s *server) authRefused(c *Conn, a *sentAuth, why session.AuthFailure) {
	if why.BlamesToken() {
		s.dialer.src.Reject(a.cred.Token())
	}
	s.rotation.AuthRefused(&c.member, a.cred, why)
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

package entraconn

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
	"github.com/entraredis/entraredis/core/entraconn/internal/deadline"
	"github.com/entraredis/entraredis/core/entraconn/internal/dialing"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
	"github.com/entraredis/entraredis/core/entraconn/internal/waiting"
)

// A server is what a Dialer knows of one server address. Package rotation decides which of its
// connections gets which credential when, package admission which dial may go ahead. The server
// tells each of them what concerns it, and does the waiting.
type server struct {
	dialer      *Dialer
	addr        string
	serverInfo  entra.ConnInfo // of its connections, without what each has of its own
	rotation    *rotation.Server
	streamEndAt atomic.Int64 // since the Dialer started: from then on the server may be asked where streams end

	// mu guards what follows. The methods of rotation may be called while it is held.
	mu         sync.Mutex
	loginGate  admission.LoginGate
	spreading  admission.Spreading
	handshakes admission.Handshakes
	dialReport admission.DialReport
	permits    map[*Conn]*admission.Permit // of connections whose login was not answered
	openConns  int                         // connections
	askAt      time.Time                   // new connections ask for RESP3 from then on
}

func newServer(d *Dialer, addr, poolAddr string) *server {
	serverInfo := entra.ConnInfo{Library: d.opts.Library, Pool: d.opts.Name, ServerAddr: addr, PoolAddr: poolAddr}
	return &server{
		dialer: d, addr: addr, serverInfo: serverInfo, permits: make(map[*Conn]*admission.Permit),
		rotation: rotation.NewServer(rotation.Config{Credentials: d.credentials, Observer: d.obs, ServerInfo: serverInfo}),
	}
}

// refusalMemory is how long a Dialer believes that a server does not speak RESP3, or does not say
// where a stream ends. A server that is upgraded or replaced is found after that, or as soon as no
// connection to it is open: a server closes its connections for an upgrade, a proxy may not.
const refusalMemory = time.Hour

// recordRESP2Only records that the server does not speak RESP3.
func (s *server) recordRESP2Only(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.askAt = now.Add(refusalMemory)
}

// recordStreamEndForbidden records that the user may not ask the server where a stream ends.
func (s *server) recordStreamEndForbidden() {
	s.streamEndAt.Store(int64(time.Since(s.dialer.startedAt) + refusalMemory))
}

// mayAskStreamEnd reports whether the server may be asked where a stream ends.
func (s *server) mayAskStreamEnd() bool {
	return int64(time.Since(s.dialer.startedAt)) >= s.streamEndAt.Load()
}

// noteAnswers acts on what the server has said on a connection, apart from verdicts on our AUTHs. It
// needs Conn.rmu.
func (s *server) noteAnswers(c *Conn, answers session.Answers) {
	if answers.OnlyRESP2 {
		s.recordRESP2Only(time.Now())
	}
	if answers.HelloForbidden {
		s.dialer.advice.OnHello(s.addr)
	}
	if answers.StreamEndForbidden {
		s.recordStreamEndForbidden()
	}
	if answers.ClientLogin == session.LoginAsUs {
		if cred := c.accepted.Load(); cred != nil {
			c.accepted.Store(cred.Overwritten())
			s.rotation.ClientLoggedIn(&c.member)
		}
	} else if answers.ClientLogin == session.LoginAsAnother {
		s.dialer.advice.OnLogin(s.addr)
	}
}

// newWaitBudget returns how long a dial may be kept waiting whose context is ctx.
func (s *server) newWaitBudget(ctx context.Context) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return admission.WaitBudget(waiting.Remaining(ctx), s.handshakes.Slowest())
}

// admitDial waits until a dial may begin, as long as its budget allows. It returns the permit with
// which the connection may log in, nil if it needs none, or an *entra.AuthError if the server
// refuses logins. After a loss of many connections it waits for a place among the other dials.
func (s *server) admitDial(ctx context.Context, budget *time.Duration) (*admission.Permit, error) {
	began, least := time.Now(), s.refusalTime(ctx)
	permit, err := s.awaitPermit(ctx, budget)
	if err == nil && s.awaitPlace(ctx, budget) && permit == nil {
		permit, err = s.awaitPermit(ctx, budget) // the server may refuse logins by now
	}
	if err != nil {
		least -= time.Since(began)
		waiting.Spend(ctx, &least, least, nil)
	}
	return permit, err
}

// refusalTime returns how long a dial takes at least that is refused.
func (s *server) refusalTime(ctx context.Context) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return admission.RefusalTime(waiting.Remaining(ctx), s.handshakes.Slowest())
}

// awaitPermit waits until the login gate admits a dial.
func (s *server) awaitPermit(ctx context.Context, budget *time.Duration) (*admission.Permit, error) {
	for {
		canWait := *budget > 0 && ctx.Err() == nil
		s.mu.Lock()
		now := time.Now()
		var candidate admission.Candidate
		if best, proven := s.rotation.Best(now); best != nil {
			candidate = admission.Candidate{Number: best.Number(), Proven: proven}
		}
		s.hearOthersLocked(candidate, now)
		d := s.loginGate.AdmitDial(candidate, now, rand.Float64(), canWait)
		s.mu.Unlock()
		switch {
		case d.Refusal != nil:
			return nil, d.Refusal
		case d.Changed == nil:
			return d.Permit, nil
		}
		waiting.Spend(ctx, budget, d.Wait, d.Changed)
	}
}

// hearOthersLocked tells the login gate of refusals of other Dialers, if a probe is due. It needs mu.
func (s *server) hearOthersLocked(c admission.Candidate, now time.Time) {
	if !s.loginGate.ProbeIsDue(c, now) {
		return
	}
	for _, listed := range s.dialer.src.Status().Servers {
		if listed.Addr == s.addr && listed.State == entra.ServerRefuses {
			s.loginGate.HearRefusal(listed.AnsweredAt, now, rand.Float64())
		}
	}
}

// admitLogin waits until a connection may log in, as long as its budget allows, and returns the
// credential for that. If there is no token it waits for one until ctx ends. The error is an
// *entra.AuthError if the server refuses logins.
func (s *server) admitLogin(ctx context.Context, c *Conn, budget *time.Duration) (*rotation.Credential, error) {
	for {
		cred, err := s.rotation.LoginCredential(ctx)
		if err != nil {
			return nil, err
		}
		canWait := *budget > 0 && ctx.Err() == nil
		s.mu.Lock()
		s.hearOthersLocked(s.describe(cred), time.Now())
		d := s.loginGate.AdmitLogin(s.permits[c], s.describe(cred), time.Now(), rand.Float64(), canWait)
		if d.Permit != nil {
			s.permits[c] = d.Permit
		}
		s.mu.Unlock()
		switch {
		case d.Refusal != nil:
			return nil, d.Refusal
		case d.Changed == nil:
			return cred, nil
		}
		waiting.Spend(ctx, budget, d.Wait, d.Changed)
	}
}

// describe describes a credential to the login gate.
func (s *server) describe(cred *rotation.Credential) admission.Candidate {
	return admission.Candidate{Number: cred.Number(), Proven: s.rotation.IsProven(cred)}
}

// release gives the permit of a dial back that failed.
func (s *server) release(p *admission.Permit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loginGate.Release(p, time.Now())
}

// awaitPlace waits until a dial may begin, and reports whether it has waited. It waits only if many
// connections to the server were lost and are not back, or if it serves no client.
func (s *server) awaitPlace(ctx context.Context, budget *time.Duration) bool {
	s.mu.Lock()
	place, wait := s.spreading.FindPlace(time.Since(s.dialer.startedAt), max(0, *budget), rand.Float64())
	s.mu.Unlock()
	if wait == 0 {
		return false
	}
	whole := waiting.Spend(ctx, budget, wait, place.Sooner())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spreading.Leave(place, whole)
	return true
}

// dialSucceeded remembers how long a dial took that succeeded.
func (s *server) dialSucceeded(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handshakes.Record(took)
	s.dialReport.Succeed()
}

// dialFailed acts on the error of a dial.
func (s *server) dialFailed(err error) {
	s.mu.Lock()
	if dialing.FoundNoServer(err) {
		s.spreading.EndWaits()
	}
	say := s.dialReport.Fail(time.Now())
	s.mu.Unlock()
	if say {
		s.dialer.loggerFor(s.addr).LogAttrs(context.Background(), slog.LevelWarn, "entraconn: no connection to the server",
			slog.Any("err", err), slog.String("remedy", "check its host and port, and network, DNS, firewall and TLS on the way to it"))
	}
}

// attach makes a Conn of a connection that was dialed. budget is what remains for its login.
func (s *server) attach(ctx context.Context, dialed net.Conn, permit *admission.Permit, budget time.Duration) *Conn {
	d := s.dialer
	c := &Conn{inner: deadline.Conn{Conn: dialed}, server: s, id: d.ids.Add(1), opened: time.Since(d.startedAt)}
	openedCtx := d.obs.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: c.connInfo()})
	c.login = &login{conn: c, ctx: context.WithoutCancel(openedCtx), waitBudget: budget}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.openConns == 0 {
		s.askAt = time.Time{}
		s.streamEndAt.Store(0)
	}
	c.session.Init(time.Now().Before(s.askAt))
	s.openConns++
	if permit != nil {
		s.permits[c] = permit
		s.loginGate.Dialed(permit, time.Now())
	}
	s.rotation.Add(&c.member, rotationConn{c})
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

// loginUnready acts on a login that has found a server which serves no client.
func (s *server) loginUnready(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveBackLocked(c)
	s.spreading.Unready(time.Since(s.dialer.startedAt))
}

// giveBack gives the permit of a connection back without a verdict, if it has one.
func (s *server) giveBack(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveBackLocked(c)
}

// giveBackLocked is giveBack for callers with the lock. It needs mu.
func (s *server) giveBackLocked(c *Conn) {
	if p := s.permits[c]; p != nil {
		s.loginGate.Release(p, time.Now())
		delete(s.permits, c)
	}
}

// authAccepted acts on an AUTH that the server has accepted.
func (s *server) authAccepted(c *Conn, a *sentAuth) {
	back, isBack := admission.Loss{}, false
	sinceStart := time.Since(s.dialer.startedAt)
	s.mu.Lock()
	s.giveBackLocked(c)
	if s.rotation.AuthAccepted(&c.member, a.cred) {
		s.loginGate.Accept(a.cred.Number())
	}
	if a.phase == entra.AuthInitial {
		back, isBack = s.spreading.MakeUp(sinceStart)
		if s.handshakes.AreQuick() {
			s.spreading.KeepsUp()
		}
	}
	s.mu.Unlock()
	if isBack {
		s.dialer.obs.Reconnected(a.ctx, entra.ReconnectedInfo{Conn: c.connInfo(), Reason: back.CloseReason, After: sinceStart - back.LostAt})
	}
}

// authRefused acts on an AUTH that the server has refused on a connection that stays logged in.
func (s *server) authRefused(c *Conn, a *sentAuth, why session.AuthFailure, err *entra.AuthError) {
	if why.IsRefusal() && s.rotation.IsProven(a.cred) {
		s.recordRefusal(a.cred, err) // logins use it
	}
	s.rotation.AuthRefused(&c.member, a.cred, why)
}

// recordRefusal tells the login gate of a refusal. A credential that the server has accepted stays
// what logins use, until the gate is closed for it.
func (s *server) recordRefusal(cred *rotation.Credential, err *entra.AuthError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loginGate.Refuse(s.describe(cred), err, time.Now(), rand.Float64()) {
		s.rotation.LoginRefused(cred)
	}
}

// passUnblocks tells the sessions of the connections for which sender is about to send CLIENT UNBLOCK.
// rueidis sends one when a blocked call is cancelled. If that reached the server between two slices,
// the command would go out once more and pop an element that no caller receives. If the write fails,
// the calls end all the same, because their callers have cancelled them. The caller holds the wmu of
// sender and no mu: passUnblocks locks the mu of one connection after the other.
func (s *server) passUnblocks(sender *Conn, all []session.Unblock) {
	for _, u := range all {
		if c := s.numbered(u.ClientID, sender.peer()); c != nil {
			c.unblocked(u)
		}
	}
}

// numbered returns the open connection to peerAddr that the server knows by number. Each of several
// servers behind one address counts its own connections: a number that two of them have identifies
// neither, and numbered returns nil.
func (s *server) numbered(number int64, peerAddr string) (found *Conn) {
	for _, open := range s.rotation.Conns() {
		c := open.(rotationConn).conn
		if number == 0 || !c.hasNumber(number) || c.peer() != peerAddr {
			continue
		}
		if found != nil {
			return nil
		}
		found = c
	}
	return found
}

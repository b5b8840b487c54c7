package rotation

import (
	"context"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

// A Config says what a [Server] works with. All fields but Library and Pool are needed.
type Config struct {
	Credentials *Credentials
	Observer    *entra.Observer // of a Source: its functions do not block
	ServerInfo  entra.ConnInfo  // whose rotations these are, for the observer: of no connection
}

// A Server knows the open connections to one server address, and which credentials the server there
// accepts: servers learn of an access policy at different times, so what one says means nothing for
// another. It has one goroutine while there are connections, and a few workers while AUTHs are due.
type Server struct {
	config Config
	nudge  chan struct{} // to the goroutine: the agenda has changed
	forget *time.Timer   // forgets the credentials; runs while there is no connection

	// mu guards what follows. See the package comment for what may be locked while it is.
	mu       sync.Mutex
	members  map[*Member]struct{}
	choice   choice
	underway *rotation // under way, nil if none
	agenda   agenda
	watched  map[*Credential]bool // whose end is on the agenda
	running  bool                 // the goroutine is
	visits   []*Member            // for the workers
	workers  int
}

// credentialMemory is how long a server without a connection keeps the credentials in memory. After that it
// knows by a number whether it has accepted the newest.
const credentialMemory = 10 * time.Minute

// maxWorkers bounds the workers. Each visits a connection for some milliseconds at most, or for a
// minute if the peer takes nothing.
const maxWorkers = 4

// NewServer returns a Server without connections.
func NewServer(config Config) *Server {
	s := &Server{config: config, members: make(map[*Member]struct{}), nudge: make(chan struct{}, 1)}
	s.forget = time.AfterFunc(credentialMemory, s.forgetCredentials)
	return s
}

// Add takes in a new connection as m, which must be zero and must not be used by others until
// Remove.
func (s *Server) Add(m *Member, conn Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.conn = conn
	s.members[m] = struct{}{}
	s.forget.Stop()
	if !s.running {
		s.running = true
		go s.run()
	}
}

// Remove forgets a connection that was closed.
func (s *Server) Remove(m *Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.members, m)
	s.leaveLocked(m, byClose)
	s.wakeLocked()
}

// Conns returns the connections that were added and not removed.
func (s *Server) Conns() []Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Conn, 0, len(s.members))
	for m := range s.members {
		all = append(all, m.conn)
	}
	return all
}

// forgetCredentials forgets the credentials, unless there is a connection again.
func (s *Server) forgetCredentials() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.members) == 0 {
		s.choice = s.choice.forgotten()
	}
}

// LoginCredential returns the credential that a login should use that begins now. While there is no
// token it waits until ctx ends.
func (s *Server) LoginCredential(ctx context.Context) (*Credential, error) {
	for {
		if cred := s.validBest(time.Now()); cred != nil {
			return cred, nil
		}
		if _, err := s.config.Credentials.src.Token(ctx); err != nil {
			return nil, err
		}
	}
}

// validBest returns the credential that a login should use now, nil if the Source has no valid
// token.
func (s *Server) validBest(now time.Time) *Credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	if latest, _ := s.noticeLocked(); latest == nil { // one look: the token may expire between two
		return nil
	}
	return s.choice.bestAt(now)
}

// Best returns the credential that a login should use now, and whether the server has accepted it
// and not refused it since. It returns nil if there has been no token so far. Where the Source has a
// newer token than the Server knows, it begins a rotation.
func (s *Server) Best(now time.Time) (best *Credential, proven bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noticeLocked()
	best = s.choice.bestAt(now)
	return best, s.choice.hasAccepted(best)
}

// IsProven reports whether a credential is the one that the server has accepted last.
func (s *Server) IsProven(cred *Credential) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.choice.hasAccepted(cred)
}

// BringForward makes an AUTH due on a connection that will be due later in this rotation: one that
// was blocked may be blocked again by then.
func (s *Server) BringForward(m *Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.underway != nil && s.underway.mayAskLocked(m, now) {
		s.underway.makeDueLocked(m, now)
	}
}

// AuthAccepted records that the server has accepted a credential on a connection, whose Accepted
// returns it by now. It reports whether that is the credential that a login should use now.
func (s *Server) AuthAccepted(m *Member, cred *Credential) (best bool) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.choice.accept(cred)
	s.watchExpiryLocked(cred)
	m.refusals = 0
	if r := s.underway; r != nil && r.cred == cred {
		s.leaveLocked(m, byRenewal)
		if s.underway == r && !r.isSpread {
			r.spreadLocked(now)
		}
	}
	if _, open := s.members[m]; open && cred != s.choice.newest && !m.inRotation {
		s.joinLocked(m, now)
	}
	return cred == s.choice.bestAt(now)
}

// AuthRefused records that the server has not accepted a credential on a connection that stays
// logged in. One that it has accepted elsewhere stays what a login should use.
func (s *Server) AuthRefused(m *Member, cred *Credential, why session.AuthFailure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why.IsRefusal() && !s.choice.hasAccepted(cred) {
		s.choice.refuse(cred)
	}
	if r := s.underway; r != nil && r.cred == cred && m.inRotation {
		r.refusedLocked(m, time.Now())
	}
}

// ClientLoggedIn records that the client has logged in by itself on a connection, as our user. Accepted
// returns an overwritten credential by now. The server counts the life of the client's token, which
// may end at any time, so an AUTH with the newest credential is due at once.
func (s *Server) ClientLoggedIn(m *Member) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.members[m]; !open || !now.Before(s.choice.newest.token.ExpiresOn()) {
		return // a newer token will begin a rotation
	}
	if !m.inRotation {
		s.joinLocked(m, now)
	}
	if m.inRotation && !m.asked {
		s.underway.makeDueLocked(m, now)
	}
}

// LoginRefused records that the server refuses logins with a credential.
func (s *Server) LoginRefused(cred *Credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.choice.refuse(cred)
}

// Continue says that what a connection awaited of its client, or what barred it, has ended, or what
// kept it from being retired.
func (s *Server) Continue(m *Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.members[m]; !open {
		return
	}
	now := time.Now()
	cred := m.conn.Accepted()
	if m.retiring {
		if now.Before(cred.token.ExpiresOn()) {
			s.addLocked(task{at: now, kind: retireOne, member: m})
		}
		return
	}
	m.tries = min(m.tries, 1)
	s.visitAtLocked(m, now.Add(Linger(cred.token.Lifetime())))
}

// run is the goroutine.
func (s *Server) run() {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	var seen <-chan struct{} // the last one that was closed
	for {
		t := s.work(time.Now())
		if t.isLast {
			return
		}
		s.retire(t.expiring)
		newer := t.newer
		if newer == seen {
			newer = nil // there is no other one: the Source is closed
		}
		timer.Reset(t.wait)
		select {
		case <-newer:
			seen = newer
		case <-s.nudge:
		case <-timer.C:
		}
	}
}

// A todo is what the goroutine does without the lock.
type todo struct {
	expiring []*Member       // to retire
	isLast   bool            // there is no connection: the goroutine ends
	newer    <-chan struct{} // closed when there is a newer token
	wait     time.Duration   // there is nothing to do for so long
}

// work does what is due on the agenda.
func (s *Server) work(now time.Time) (t todo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.members) > 0 {
		_, t.newer = s.noticeLocked()
		t.expiring, t.wait = s.workLocked(now)
	} else {
		t.isLast = true
		if s.underway != nil {
			s.underway.finishLocked()
		}
		s.running, s.agenda, s.watched = false, nil, nil
		s.forget.Reset(credentialMemory)
	}
	select {
	case <-s.nudge: // for what is done by now
	default:
	}
	return t
}

// workLocked does what is due on the agenda. It returns connections to retire and how long there is
// nothing to do.
func (s *Server) workLocked(now time.Time) (expiring []*Member, wait time.Duration) {
	for {
		t, isDue, wait := s.agenda.takeDue(now)
		if !isDue {
			return expiring, wait
		}
		switch t.kind {
		case fallDue:
			if r := s.underway; r != nil && r.cred == t.cred {
				r.fallDueLocked(t.member, now)
			}
		case visitMember:
			if t.turn == t.member.turn {
				s.visitLocked(t.member)
			}
		case nextCanary:
			if s.underway != nil {
				s.underway.checkCanaryLocked(t.at, now)
			}
		case retireAll:
			delete(s.watched, t.cred)
			for m := range s.members {
				if m.conn.Accepted() == t.cred {
					expiring = append(expiring, m)
				}
			}
		case retireOne:
			expiring = append(expiring, t.member)
		}
	}
}

// retire retires connections that cannot be renewed in time. Where something is in flight it tries
// again after each read and write of the client, up to the end of the token. A connection that
// could have an AUTH again, if a transaction ended or a newer token came, is left to the server. A
// subscriber in RESP2 could have one too, but it hardly ends all subscriptions now.
func (s *Server) retire(expiring []*Member) {
	for _, m := range expiring {
		s.setRetiring(m, true) // first: the client may read at any time
		retired := m.conn.Retire()
		retires := m.conn.CurrentBar().Why.Retires()
		if retired || !retires {
			s.setRetiring(m, false)
		}
		if retired || retires {
			s.mu.Lock()
			s.leaveLocked(m, byBar)
			s.mu.Unlock()
		}
	}
}

func (s *Server) setRetiring(m *Member, retiring bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.retiring = retiring
}

// doVisits is a worker: it visits connections while there are any to visit.
func (s *Server) doVisits() {
	buf := make([]byte, visitBuffer)
	for {
		m, tries, turn := s.nextVisit()
		if m == nil {
			return
		}
		p := m.conn.Renew(buf, LookTime(tries))
		if p == Ended {
			m.conn.ReportEnd()
		}
		s.endVisit(m, turn, p, time.Now())
	}
}

// visitBuffer is the size of the buffer with which a worker looks for an answer.
const visitBuffer = 512

// nextVisit returns the next connection to visit, nil if there is none.
func (s *Server) nextVisit() (m *Member, tries int, turn uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.visits) == 0 {
		s.workers--
		s.visits = nil
		return nil, 0, 0
	}
	m = s.visits[0]
	s.visits = s.visits[1:]
	return m, int(m.tries), m.turn
}

// endVisit decides what comes next for a connection that a worker has visited.
func (s *Server) endVisit(m *Member, turn uint16, p Progress, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	again := m.visitState == visitedAgain
	m.visitState = unvisited
	if _, open := s.members[m]; !open {
		return
	}
	tries := m.tries
	m.tries = min(tries+1, 100)
	var next time.Time // zero: when the Conn calls Continue
	switch p {
	case Pending:
		next = now.Add(Pause(int(tries)))
	case Barred:
		next = s.barredLocked(m)
	case Complete, AwaitsClient, Ended:
	}
	switch {
	case again:
		s.visitLocked(m)
	case !next.IsZero() && turn == m.turn: // else there is another visit on the agenda
		s.visitAtLocked(m, next)
	}
}

// barredLocked acts on a connection on which no AUTH may be sent, and returns when to look at it
// again, zero for not before Continue.
func (s *Server) barredLocked(m *Member) time.Time {
	bar := m.conn.CurrentBar()
	switch {
	case bar.Forever:
		m.conn.SetDue(nil)
		s.leaveLocked(m, byBar)
		return time.Time{}
	case bar.Until.IsZero():
		return bar.Until
	}
	return bar.Until.Add(AfterSlice(m.conn.Accepted().token.Lifetime()))
}

// visitAtLocked has a worker visit a connection at some time, instead of any later visit that was
// planned before.
func (s *Server) visitAtLocked(m *Member, at time.Time) {
	m.turn++
	s.addLocked(task{at: at, kind: visitMember, member: m, turn: m.turn})
}

// visitLocked has a worker visit a connection now, or again if one does.
func (s *Server) visitLocked(m *Member) {
	if _, open := s.members[m]; !open {
		return
	}
	if m.visitState != unvisited {
		m.visitState = visitedAgain
		return
	}
	m.visitState = visited
	s.visits = append(s.visits, m)
	if s.workers < maxWorkers {
		s.workers++
		go s.doVisits()
	}
}

// leaveLocked counts a connection that leaves the rotation under way, if it is in it.
func (s *Server) leaveLocked(m *Member, way departure) {
	if m.inRotation {
		m.turn++ // no visit is needed any more
		s.underway.leaveLocked(m, way)
	}
}

// joinLocked takes a connection into the rotation under way, or begins one.
func (s *Server) joinLocked(m *Member, now time.Time) {
	if s.underway == nil {
		s.beginLocked()
		return
	}
	s.underway.joinLocked(m, now)
}

// beginLocked begins a rotation to the newest credential.
func (s *Server) beginLocked() {
	if s.underway != nil {
		s.underway.finishLocked()
	}
	r := &rotation{server: s, cred: s.choice.newest, began: time.Now()}
	r.beginLocked()
}

// noticeLocked takes over a newer token of the Source. It returns what Credentials.Latest does.
func (s *Server) noticeLocked() (latest *Credential, newer <-chan struct{}) {
	// Under the lock, so that one that was held up does not bring an older one.
	latest, newer = s.config.Credentials.Latest()
	if latest != nil && latest != s.choice.newest {
		s.choice.newest = latest
		s.beginLocked()
		if len(s.members) == 0 { // a dial asks before there is a connection, and may fail
			s.forget.Reset(credentialMemory)
		}
	}
	return latest, newer
}

// watchExpiryLocked puts the end of a credential on the agenda, once.
func (s *Server) watchExpiryLocked(cred *Credential) {
	if s.watched[cred] {
		return
	}
	if s.watched == nil {
		s.watched = make(map[*Credential]bool)
	}
	s.watched[cred] = true
	s.addLocked(task{at: RetireAt(cred.token), kind: retireAll, cred: cred})
}

// addLocked puts a task on the agenda.
func (s *Server) addLocked(t task) {
	if s.agenda.enqueue(t) {
		s.wakeLocked()
	}
}

// wakeLocked makes the goroutine look at the agenda.
func (s *Server) wakeLocked() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

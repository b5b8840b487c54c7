package rotation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
	"github.com/entraredis/entraredis/core/entraconn/internal/session"
)

const life = 75 * time.Minute

// A site is a Source, a Server and what a Redis server behind its connections says, in one bubble.
type site struct {
	t      *testing.T
	src    *entra.Source
	server *rotation.Server

	mu      sync.Mutex
	refuses bool // each AUTH
	mute    bool // answers none
	auths   []auth
	started []entra.RotationStartInfo
	done    []entra.RotationDoneInfo
}

// An auth is an AUTH that the server got.
type auth struct {
	at    time.Time
	conn  *conn
	cred  *rotation.Credential
	phase entra.AuthPhase
}

// numbered gives tokens that live 75 minutes, each another one, and takes a second for that.
type numbered struct{ last int }

func (n *numbered) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	time.Sleep(time.Second)
	n.last++
	return azcore.AccessToken{Token: fmt.Sprint("token-", n.last), ExpiresOn: time.Now().Add(life)}, nil
}

// inBubble runs a test in virtual time. It fails if a goroutine is left.
func inBubble(t *testing.T, test func(s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{t: t}
		var err error
		s.src, err = entra.NewSource(&numbered{}, &entra.Options{Username: "us", Observer: &entra.Observer{
			RotationStart: func(ctx context.Context, i entra.RotationStartInfo) context.Context {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.started = append(s.started, i)
				return ctx
			},
			RotationDone: func(_ context.Context, i entra.RotationDoneInfo) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.done = append(s.done, i)
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.src.Close()
		s.server = rotation.NewServer(rotation.Config{
			Credentials: rotation.NewCredentials(s.src), Observer: s.src.Observer(), ServerInfo: entra.ConnInfo{ServerAddr: "10.0.0.4:6380"},
		})
		test(s)
		synctest.Wait()
		if len(s.started) != len(s.done) {
			t.Errorf("%d rotations began and %d ended", len(s.started), len(s.done))
		}
	})
}

// login returns a new connection that has logged in.
func (s *site) login() *conn {
	s.t.Helper()
	cred, err := s.server.LoginCredential(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return s.loginWith(cred)
}

func (s *site) loginWith(cred *rotation.Credential) *conn {
	c := &conn{site: s}
	s.server.Add(&c.member, c)
	c.set(func(c *conn) { c.accepted = cred })
	s.server.AuthAccepted(&c.member, cred)
	return c
}

func (s *site) logins(n int) (all []*conn) {
	for range n {
		all = append(all, s.login())
	}
	return all
}

// nextToken waits until the Source has a newer token, and returns the one before and when that was.
func (s *site) nextToken() (old entra.Token, at time.Time) {
	s.t.Helper()
	old, newer := s.src.Latest()
	<-newer
	return old, time.Now()
}

// seen returns the AUTHs that the server got since the first n.
func (s *site) seen(n int) []auth {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]auth(nil), s.auths[n:]...)
}

// set changes what the server says.
func (s *site) set(refuses, mute bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses, s.mute = refuses, mute
}

// answer notes an AUTH and returns what the server says.
func (s *site) answer(a auth) (refuses, mute bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.auths = append(s.auths, a)
	return s.refuses, s.mute
}

// A conn is a connection whose client does what a test says.
type conn struct {
	site   *site
	member rotation.Member

	mu       sync.Mutex
	accepted *rotation.Credential
	due      *rotation.Due
	bar      rotation.Bar
	busy     bool          // the client waits for replies
	inFlight bool          // an AUTH that is not answered
	lossless bool          // may be retired
	hang     time.Duration // of each visit
	inside   int           // workers
	visits   []time.Time
	retired  time.Time
}

func (c *conn) Accepted() *rotation.Credential {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accepted
}

func (c *conn) CurrentBar() rotation.Bar {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bar
}

func (c *conn) SetDue(due *rotation.Due) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due = due
}

func (c *conn) Renew([]byte, time.Duration) rotation.Progress {
	c.mu.Lock()
	c.visits = append(c.visits, time.Now())
	due, bar, busy, inFlight, hang := c.due, c.bar, c.busy, c.inFlight, c.hang
	if c.inside++; c.inside > 1 {
		c.site.t.Error("two workers visit one connection")
	}
	c.mu.Unlock()
	time.Sleep(hang)
	c.mu.Lock()
	c.inside--
	c.mu.Unlock()
	switch {
	case inFlight:
		return rotation.Pending
	case due == nil:
		return rotation.Complete
	case bar.Why != session.Renewable:
		return rotation.Barred
	case busy:
		return rotation.AwaitsClient
	}
	return c.send(due)
}

// send sends the AUTH that is due, as a worker or a write of the client does.
func (c *conn) send(due *rotation.Due) rotation.Progress {
	refuses, mute := c.site.answer(auth{at: time.Now(), conn: c, cred: due.Credential, phase: due.Phase})
	c.set(func(c *conn) { c.due, c.inFlight = nil, mute })
	if mute {
		return rotation.Pending
	}
	c.answered(due.Credential, refuses)
	return rotation.Complete
}

// answered is what the server says at last to an AUTH in flight.
func (c *conn) answered(cred *rotation.Credential, refuses bool) {
	c.set(func(c *conn) {
		c.inFlight = false
		if !refuses {
			c.accepted = cred
		}
	})
	if refuses {
		var refused session.AuthFailure
		c.site.server.AuthRefused(&c.member, cred, refused)
	} else {
		c.site.server.AuthAccepted(&c.member, cred)
	}
}

// write is a write of the client that may take an AUTH along.
func (c *conn) write() {
	c.mu.Lock()
	due := c.due
	c.mu.Unlock()
	if due != nil {
		c.send(due)
	}
}

func (c *conn) Retire() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar.Forever && c.lossless {
		c.retired = time.Now()
		return true
	}
	return false
}

func (c *conn) ReportEnd() { c.close() }

// close is what the client does.
func (c *conn) close() { c.site.server.Remove(&c.member) }

// set changes what a connection is.
func (c *conn) set(to func(c *conn)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to(c)
}

// change does that, and has the rotation continue, as a read or a write does.
func (c *conn) change(to func(c *conn)) {
	c.set(to)
	c.site.server.Continue(&c.member)
}

// visited returns when workers were there.
func (c *conn) visited() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Time(nil), c.visits...)
}

// retiredAt returns when it was retired, zero if it was not.
func (c *conn) retiredAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.retired
}

func closeAll(all []*conn) {
	for _, c := range all {
		c.close()
	}
}

// block is a client that blocks until some time, in slices, and is there to read.
func (s *site) block(c *conn, until time.Time) {
	for time.Now().Before(until) {
		slice := min(rotation.SliceLength(c.Accepted().Token(), time.Now(), rand.Float64()), time.Until(until))
		c.set(func(c *conn) {
			c.bar = rotation.Bar{Why: session.BecauseBlocked, Until: time.Now().Add(slice)}
		})
		time.Sleep(slice)
		s.server.BringForward(&c.member)
		c.write()
	}
	c.change(func(c *conn) { c.bar = rotation.Bar{} })
}

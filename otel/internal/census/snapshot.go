package census

import (
	"cmp"
	"slices"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A Snapshot is how things were at one moment.
type Snapshot struct {
	At    time.Time
	Token Token
	Pools []Pool // by library, name, server
}

// Token describes the newest token of the Source.
type Token struct {
	// IssuedAt, RenewBy and ExpiresOn are zero while there has been no token. The first two are zero until a
	// server has accepted it.
	IssuedAt, RenewBy, ExpiresOn time.Time
	// Failures counts failed attempts since the last success.
	Failures int
	// LastFailure is the last there has been, also when it is over; its At is zero if there was none.
	LastFailure Failure
	// Refresh is the one under way; its Begun is zero if there is none.
	Refresh Refresh
}

// A Failure is an attempt that brought no token.
type Failure struct {
	At      time.Time
	Kind    entra.Kind
	Status  int    // of the HTTP answer, 0 if there was none
	Host    string // that gave it
	Code    string // Entra's own, for example "AADSTS7000215", or empty
	RetryAt time.Time
}

// A Refresh is the time from the first attempt for a newer token to its arrival.
type Refresh struct {
	Begun    time.Time
	Trigger  entra.RefreshTrigger
	Attempts int // that have ended
}

// A Pool is the open connections that have library, name and server in common.
type Pool struct {
	Library, Name, ServerAddr string
	PoolAddr                  string // see [entra.ConnInfo], of the client that was the first to dial the server

	// The open connections, each counted once, by what is most urgent about its token.
	Current     int // the newest, and its RenewBy is to come
	Stale       int // an older one, and its RenewBy is to come
	AtRisk      int // past its RenewBy, also if it is the newest
	Expired     int
	NotLoggedIn int // no AUTH was accepted yet

	// Over the connections that are logged in; all zero if there are none.
	SoonestExpiry time.Time
	OldestAge     time.Duration // since the token was issued
	YoungestAge   time.Duration
	Rotation      Rotation
	Closes        []Closes // since the pool is listed, by reason
}

// Open returns the number of open connections.
func (p Pool) Open() int { return p.Current + p.Stale + p.AtRisk + p.Expired + p.NotLoggedIn }

// A Rotation brings a newer token to open connections. Its Begun is zero if none is under way.
type Rotation struct {
	Begun     time.Time
	Window    time.Duration // over which the AUTHs are spread
	Planned   int           // connections, when it began
	Pending   int           // connections that are to get the token and do not have it; may exceed Planned when some joined
	ExpiresOn time.Time     // of the newer token
}

// Active reports whether a rotation is under way.
func (r Rotation) Active() bool { return !r.Begun.IsZero() }

// Closes are the ends of connections for one reason.
type Closes struct {
	Reason entra.CloseReason
	Count  int64
	Last   time.Time
}

// Snapshot returns how things are. now decides which tokens are at risk and which have expired.
func (c *Census) Snapshot(now time.Time) Snapshot {
	s := c.unsorted(now)
	slices.SortFunc(s.Pools, func(a, b Pool) int {
		return cmp.Or(cmp.Compare(a.Library, b.Library), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ServerAddr, b.ServerAddr))
	})
	return s
}

// unsorted is Snapshot with the pools in any order: c.mu is not held while they are sorted.
func (c *Census) unsorted(now time.Time) Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.token
	s := Snapshot{
		At: now,
		Token: Token{
			IssuedAt: t.newest.IssuedAt, RenewBy: t.newest.RenewBy, ExpiresOn: t.newest.ExpiresOn,
			Failures: t.failures, LastFailure: t.failure, Refresh: t.refresh,
		},
		Pools: make([]Pool, 0, len(c.pools)),
	}
	for _, p := range c.pools {
		s.Pools = append(s.Pools, p.snapshot(t.newest.ExpiresOn, now))
	}
	return s
}

func (p *pool) snapshot(newest, now time.Time) Pool {
	s := Pool{
		Library: p.key.library, Name: p.key.name, ServerAddr: p.key.serverAddr, PoolAddr: p.poolAddr,
		NotLoggedIn: p.open - p.loggedIn, Rotation: p.rotation(), Closes: slices.Clone(p.closes),
	}
	for i, co := range p.cohorts {
		switch {
		case !now.Before(co.token.ExpiresOn):
			s.Expired += co.size
		case !now.Before(co.token.RenewBy):
			s.AtRisk += co.size
		case co.token.ExpiresOn.Equal(newest):
			s.Current += co.size
		default:
			s.Stale += co.size
		}
		age := now.Sub(co.token.IssuedAt)
		if i == 0 {
			s.SoonestExpiry, s.OldestAge, s.YoungestAge = co.token.ExpiresOn, age, age
			continue
		}
		if co.token.ExpiresOn.Before(s.SoonestExpiry) {
			s.SoonestExpiry = co.token.ExpiresOn
		}
		s.OldestAge, s.YoungestAge = max(s.OldestAge, age), min(s.YoungestAge, age)
	}
	return s
}

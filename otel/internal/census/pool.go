package census

import (
	"cmp"
	"slices"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A poolKey identifies a pool in metrics.
type poolKey struct{ library, name, serverAddr string }

func keyOf(c entra.ConnInfo) poolKey { return poolKey{c.Library, c.Pool, c.ServerAddr} }

// A pool is the connections of one client, or of several with the same name, to one server.
type pool struct {
	key       poolKey
	poolAddr  string // of the client that was the first to dial the server
	conns     map[uint64]*conn
	open      int // connections, twins included
	loggedIn  int // of these
	cohorts   []*cohort
	rotations []*rotation // of one client there is at most one
	barred    int         // connections with an older token that the rotations leave out
	closes    []Closes
	emptied   time.Time // when the last connection closed
}

// A conn is one connection.
type conn struct {
	cohort *cohort // nil before its login
	twin   *conn   // of another client with the same name: it has the same number
}

// A cohort is the connections that hold the same token.
type cohort struct {
	token entra.TokenTimes
	size  int
}

func (p *pool) add(id uint64) {
	p.conns[id] = &conn{twin: p.conns[id]}
	p.open++
}

// authenticated moves a connection to another cohort. Of twins it moves the one that is furthest behind.
func (p *pool) authenticated(id uint64, t entra.TokenTimes) {
	c := p.conns[id]
	if c == nil {
		return // its answer came while it was being closed
	}
	for twin := c.twin; twin != nil; twin = twin.twin {
		if c.cohort != nil && (twin.cohort == nil || twin.cohort.token.ExpiresOn.Before(c.cohort.token.ExpiresOn)) {
			c = twin
		}
	}
	if c.cohort != nil && same(c.cohort.token, t) {
		return
	}
	p.leave(c)
	c.cohort = p.cohort(t)
	c.cohort.size++
	p.loggedIn++
}

// remove takes out a connection and reports whether it was there. Of twins it takes the one that the token fits.
func (p *pool) remove(info entra.ConnClosedInfo) bool {
	first := p.conns[info.Conn.ID]
	if first == nil {
		return false
	}
	c, before := first, (*conn)(nil)
	for previous, twin := first, first.twin; twin != nil; previous, twin = twin, twin.twin {
		if !c.expiresOn(info.TokenExpiresOn) && twin.expiresOn(info.TokenExpiresOn) {
			c, before = twin, previous
		}
	}
	switch {
	case before != nil:
		before.twin = c.twin
	case c.twin != nil:
		p.conns[info.Conn.ID] = c.twin
	default:
		delete(p.conns, info.Conn.ID)
	}
	p.open--
	if c.cohort != nil && info.Unrenewable != "" && p.barred > 0 && p.behind(c.cohort) {
		p.barred--
	}
	p.leave(c)
	return true
}

func (c *conn) expiresOn(t time.Time) bool {
	if c.cohort == nil {
		return t.IsZero()
	}
	return c.cohort.token.ExpiresOn.Equal(t)
}

// leave takes a connection out of its cohort, if it has one.
func (p *pool) leave(c *conn) {
	if c.cohort == nil {
		return
	}
	p.loggedIn--
	if c.cohort.size--; c.cohort.size == 0 {
		p.cohorts = slices.DeleteFunc(p.cohorts, func(co *cohort) bool { return co == c.cohort })
	}
	c.cohort = nil
}

// cohort finds the connections with the same token. There is one cohort, or two during a rotation.
func (p *pool) cohort(t entra.TokenTimes) *cohort {
	for _, co := range p.cohorts {
		if same(co.token, t) {
			return co
		}
	}
	co := &cohort{token: t}
	p.cohorts = append(p.cohorts, co)
	return co
}

// same reports whether two tokens have the same times. Then they count as one.
func same(a, b entra.TokenTimes) bool {
	return a.ExpiresOn.Equal(b.ExpiresOn) && a.IssuedAt.Equal(b.IssuedAt)
}

// closed counts the end of a connection.
func (p *pool) closed(reason entra.CloseReason, now time.Time) {
	i, found := slices.BinarySearchFunc(p.closes, reason, func(c Closes, r entra.CloseReason) int { return cmp.Compare(c.Reason, r) })
	if !found {
		p.closes = slices.Insert(p.closes, i, Closes{Reason: reason})
	}
	p.closes[i].Count++
	p.closes[i].Last = now
}

package entra

import (
	"maps"
	"time"
)

// An acceptedConns counts the open connections on which a server has accepted a token, by the expiry
// of the last one in UTC. There are a few of these, however many connections there are.
//
// The events do not say which token a connection had before. A newer one is taken for that of the
// connection whose token expires first. So the latest expiry is exact, unless a connection that has
// missed a rotation outlives those that have not.
type acceptedConns map[time.Time]int

// accept counts a connection whose last token expires then. With isLogin it is a new one.
func (c acceptedConns) accept(expiresOn time.Time, isLogin bool, now time.Time) {
	maps.DeleteFunc(c, func(expiry time.Time, conns int) bool { return conns == 0 || !now.Before(expiry) })
	var soonest time.Time
	for expiry := range c {
		if soonest.IsZero() || expiry.Before(soonest) {
			soonest = expiry
		}
	}
	if !isLogin && !soonest.IsZero() {
		c[soonest]--
	}
	c[expiresOn.UTC()]++
}

// until returns for how long the server serves one of the connections, zero if it serves none.
func (c acceptedConns) until(now time.Time) (latest time.Time) {
	for expiry, conns := range c {
		if conns > 0 && now.Before(expiry) && expiry.After(latest) {
			latest = expiry
		}
	}
	return latest
}

package schedule

import (
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
)

// claimsMemory is how long the answer to a request with claims counts: it may have been a proxy's,
// once.
const claimsMemory = 24 * time.Hour

// Claims decide whether the next request carries the claims "{}". azidentity passes its token cache
// for such a request. That is worth one request for each token, unless the credential refuses
// claims or has a cache of its own beyond azidentity's.
//
//	plain ──Choose──► with claims ──Useless, Refused──► plain, and no claims for a day
//	                       │
//	                       └──GaveUp, TokenExpired──► plain, for this token
type Claims struct {
	Ask          bool          // the next request carries claims
	Tried        bool          // claims had their turn for the successor of the current token
	KnownRefused bool          // the credential refuses claims
	KnownUseless bool          // a request with claims returned the current token
	ForgetFrom   clock.Instant // when the next new token ends KnownRefused and KnownUseless
}

// Choose decides on the next request, after one that returned the current token.
func (c *Claims) Choose() { c.Ask = !c.Tried && !c.KnownRefused && !c.KnownUseless }

// Useless notes that a request with claims returned the current token.
func (c *Claims) Useless(now clock.Instant) {
	c.Tried, c.KnownUseless, c.ForgetFrom = true, true, now.Add(claimsMemory)
}

// Refused notes that the credential refused a request because of its claims, while a token is
// valid.
func (c *Claims) Refused(now clock.Instant) {
	c.Tried, c.KnownRefused, c.ForgetFrom = true, true, now.Add(claimsMemory)
}

// RefusedWithoutToken notes the same while no token is valid. The next request is a plain one.
func (c *Claims) RefusedWithoutToken() { c.Ask, c.KnownRefused = false, true }

// PlainRejected notes that Entra rejected a request without claims: an earlier refusal may not have
// been about claims.
func (c *Claims) PlainRejected() { c.KnownRefused = false }

// Unusable notes that a request returned an unusable token. A cache may serve that token for as
// long as it seems to live, so requests with and without claims take turns.
func (c *Claims) Unusable(withClaims bool) { c.Ask = !withClaims && !c.KnownRefused }

// GaveUp ends the requests with claims for this token: plain ones reach Entra as well by then, and
// not every credential knows claims.
func (c *Claims) GaveUp() { c.Ask, c.Tried = false, true }

// RenewalPostponed notes that the next request waits for the regular renewal of the token, where
// claims get their turn.
func (c *Claims) RenewalPostponed() { c.Tried = false }

// TokenRefused notes that a server refused the current token: the credential's cache has to be
// passed.
func (c *Claims) TokenRefused() { c.Tried, c.KnownUseless = false, false }

// TokenExpired notes that no token is valid: no cache serves an expired one.
func (c *Claims) TokenExpired() { c.Ask = false }

// TokenReplaced notes that a new token has come.
func (c *Claims) TokenReplaced(now clock.Instant) {
	c.Ask, c.Tried = false, false
	if now.Reached(c.ForgetFrom) {
		c.KnownRefused, c.KnownUseless = false, false
	}
}

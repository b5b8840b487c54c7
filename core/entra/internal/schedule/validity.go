package schedule

import (
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/jwt"
)

// A Validity is what a token says of its own time, on the wall clock. The zero Validity is that of
// no token.
type Validity struct {
	IssuedAt  time.Time
	ExpiresOn time.Time
	// StatedLife is for how long the token's own claims say that it was issued, 0 if they do not
	// say.
	StatedLife time.Duration
	// StatedEnd is the expiry that the token's own claims state, zero if they do not.
	StatedEnd time.Time
}

// clocksDiffer is by how much the clocks of Entra, of this machine and of a cache may disagree.
const clocksDiffer = time.Minute

// longestTime bounds for how long a credential is believed that a token lives. Twice as long still
// fits into a Duration.
const longestTime = 100 * 365 * 24 * time.Hour

// NewValidity returns the validity of a token with these claims, for which a credential named an
// expiry, at this moment of the wall clock.
func NewValidity(c jwt.Claims, named, wall time.Time) Validity {
	expiresOn := believedExpiry(c, named, wall)
	return Validity{
		IssuedAt:   expiresOn.Add(-issuedFor(c, expiresOn, wall)).Round(0),
		ExpiresOn:  expiresOn.Round(0),
		StatedLife: c.Lifetime(),
		StatedEnd:  c.ExpiresOn,
	}
}

// Lifetime returns how long the token was valid when it was issued.
func (v Validity) Lifetime() time.Duration { return v.ExpiresOn.Sub(v.IssuedAt) }

// RenewBy returns when every connection should have a newer token.
func (v Validity) RenewBy() time.Time { return v.ExpiresOn.Add(-v.guard()) }

// guard returns how long before its expiry a token should be replaced on every connection.
// Microsoft asks for 3 minutes.
func (v Validity) guard() time.Duration { return min(3*time.Minute, v.Lifetime()/10) }

// scale is that of the lengths of this package.
func (v Validity) scale() Scale { return ScaleOf(v.Lifetime()) }

// waitScale is that of the waits between requests. Only tests issue tokens for less than 4 minutes.
// Entra must not get more requests because a token came out of a cache with little time to its
// expiry.
func (v Validity) waitScale() Scale {
	const fullScale = 4 * time.Minute
	if v.StatedLife <= 0 || v.StatedLife >= fullScale {
		return 1
	}
	return Scale(v.StatedLife) / Scale(fullScale)
}

// believedExpiry returns the expiry that a credential named, or that of a token that is new, if
// that is sooner: a token cannot live longer. If a token does not say for how long it was issued,
// the credential is believed.
func believedExpiry(c jwt.Claims, named, wall time.Time) time.Time {
	longest := longestTime
	if life := c.Lifetime(); life > 0 && life < longestTime {
		longest = life + clocksDiffer
	}
	return earlier(named, wall.Add(longest))
}

// issuedFor returns for how long the token was issued. The difference of its own two claims is
// right even if this machine's clock is wrong. A token counts as issued now if it lacks these
// claims, or if the credential named a sooner expiry than they do: that is for how long the
// credential wants to be left alone.
func issuedFor(c jwt.Claims, expiresOn, wall time.Time) time.Duration {
	// Managed identities get 24 hours, continuous access evaluation 28. A longer life is not
	// believed.
	const longestLife = 7 * 24 * time.Hour
	remaining := expiresOn.Sub(wall)
	if c.IssuedAt.IsZero() || c.IssuedAt.After(expiresOn) || c.ExpiresOn.After(expiresOn.Add(clocksDiffer)) {
		return remaining
	}
	end := expiresOn
	if c.ExpiresOn.After(c.IssuedAt) {
		end = c.ExpiresOn
	}
	if life := end.Sub(c.IssuedAt); life <= longestLife {
		return max(life, remaining)
	}
	return remaining
}

package entra

import "time"

// The pure parts, for tables and fuzzing in the external test package.
var (
	RenewAt        = renewAt
	LookAgainAt    = lookAgainAt
	RetryIn        = retryIn
	ForcedDistance = forcedDistance
	AttemptTimeout = attemptTimeout
	ScaleOf        = scaleOf
	Guard          = guard
)

// An Instant is what two clocks say.
type Instant = instant

// InstantOf lets the two disagree.
func InstantOf(wall time.Time, mono time.Duration) Instant { return instant{wall, mono} }

// Reached, Until, Nap and At expose the methods of instant.
func Reached(now, at Instant) bool           { return now.reached(at) }
func Until(now, at Instant) time.Duration    { return now.until(at) }
func At(now Instant, wall time.Time) Instant { return now.at(wall) }
func Nap(now Instant, life time.Duration, ends ...Instant) time.Duration {
	return now.nap(scaleOf(life), ends...)
}

// ReadClaims exposes readClaims by fields.
func ReadClaims(token string) (objectID string, issuedAt, expires int64) {
	c := readClaims(token)
	if !c.issuedAt.IsZero() {
		issuedAt = c.issuedAt.UnixMicro()
	}
	if !c.expires.IsZero() {
		expires = c.expires.UnixMicro()
	}
	return c.objectID, issuedAt, expires
}

package entra

import (
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// NewSourceByClock returns a Source on a machine whose wall clock shows something else than its monotonic one.
func NewSourceByClock(cred azcore.TokenCredential, opts *Options, wall func() time.Time) (*Source, error) {
	mono := machineClock()
	return startSource(cred, opts, func() instant { return instant{wall().Round(0), mono().mono} })
}

// RefusalsPerHour is what the documentation promises.
const RefusalsPerHour = refusalsPerHour

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

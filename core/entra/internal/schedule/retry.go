package schedule

import "time"

const (
	// Waits between two requests while no token is valid. An application's own timeout should see
	// the recovery, and a thousand processes may ask at once.
	leastWait  = time.Second
	urgentWait = 2 * time.Second

	// The same after a rejection. Entra takes a program that repeats a rejected request for a loop
	// (AADSTS50196).
	rejectedWait   = time.Minute
	rejectedJitter = 15 * time.Second

	// Retry-After is obeyed up to here even while no token is valid.
	retryAfterMax = 60 * time.Second
)

// RejectedPerHour is the upper bound of requests in an hour that Entra rejects, however many
// callers wait: four in the first steps of the backoff, and one in each rejectedWait.
const RejectedPerHour = 64

// RetryIn returns how long to wait after a failure: patient in general, urgent while a caller waits
// and no token is valid. The wait is that of the backoff, and untilExpiry what remains of the
// current token, 0 or less if there is none.
func RetryIn(s Scale, f Failure, untilExpiry, wait time.Duration, rnd float64) (patient, urgent time.Duration) {
	urgent = s.of(leastWait) + share(s.of(urgentWait-leastWait), rnd)
	if f.NeedsOperator {
		urgent = s.of(rejectedWait) + share(s.of(rejectedJitter), rnd)
	}
	patient = wait
	if untilExpiry > 0 {
		// Requests become denser towards the expiry, however long the backoff is.
		patient = min(patient, max(untilExpiry/4, urgent))
	}
	floor := min(f.RetryAfter, max(retryAfterMax, untilExpiry/2))
	floor += share(floor/10, rnd)
	return max(patient, floor), max(urgent, floor)
}

// RequestTimeout returns how long one call to the credential may take, for tokens of such a
// lifetime, 0 before the first token. Half a minute suffices for the discovery and the token
// request of a service principal, or for a chain of credentials that starts a process or two. A
// tenth of a second suffices for a local TLS handshake on a busy machine.
func RequestTimeout(lifetime time.Duration) time.Duration {
	const longest, shortest = 30 * time.Second, 100 * time.Millisecond
	if lifetime <= 0 {
		return longest
	}
	return min(longest, max(lifetime/10, shortest))
}

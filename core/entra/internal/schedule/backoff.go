package schedule

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// A Backoff is a sequence of random waits between failed requests. They grow up to a limit and
// never end.
type Backoff struct {
	least time.Duration               // added to every wait
	fixed float64                     // the share of a step that is not random
	steps *backoff.ExponentialBackOff // without jitter: the random number is an argument here
}

// TransientBackoff has full jitter: a wait is uniform between a second and an upper end that
// doubles from 2 to 15 seconds. An outage may end at any moment, and a recovery is noticed within
// the longest wait. Programs that failed together retry apart.
func TransientBackoff(s Scale) Backoff {
	const firstEnd, lastEnd = 2 * time.Second, 15 * time.Second
	return Backoff{least: s.of(leastWait), steps: doubling(s.of(firstEnd-leastWait), s.of(lastEnd-leastWait))}
}

// RejectedBackoff has half the jitter: a wait is uniform between the half and the whole of an end
// that doubles from 10 seconds to 5 minutes, so that the requests of an hour have an upper bound.
// An operator takes longer than seconds, and Entra counts rejected requests.
func RejectedBackoff(s Scale) Backoff {
	const firstEnd, lastEnd = 10 * time.Second, 5 * time.Minute
	return Backoff{fixed: 0.5, steps: doubling(s.of(firstEnd), s.of(lastEnd))}
}

// Wait returns the next wait; rnd is uniform in [0, 1).
func (b Backoff) Wait(rnd float64) time.Duration {
	return b.least + share(b.steps.NextBackOff(), b.fixed+(1-b.fixed)*rnd)
}

func doubling(initial, limit time.Duration) *backoff.ExponentialBackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithRandomizationFactor(0),
		backoff.WithInitialInterval(initial),
		backoff.WithMaxInterval(limit),
		backoff.WithMultiplier(2),
		backoff.WithMaxElapsedTime(0),
	)
}

package entra

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Upper ends of the first and of the longest wait after a failure. An outage ends at any moment: the longest wait is
// what a recovery may be noticed too late, when nobody is in a hurry. What a person has to mend is not mended within
// seconds, and Entra counts refused requests.
const (
	outageFirst  = leastWait + time.Second
	outageMax    = 15 * time.Second
	refusalFirst = 10 * time.Second
	refusalMax   = 5 * time.Minute
)

// A pace is the waits between failed attempts: ever longer, random, never ending.
type pace struct {
	least time.Duration
	steps *backoff.ExponentialBackOff
}

func (p pace) next() time.Duration { return p.least + p.steps.NextBackOff() }

// outagePace has full jitter: a wait is uniform between leastWait and an end that doubles. Whoever failed together
// comes back apart.
func outagePace(s scale) pace {
	const centre, whole = 2, 1 // the library's waits are centred: interval * (1 +- factor)
	return pace{s.of(leastWait), steps(s.of(outageFirst-leastWait)/centre, s.of(outageMax-leastWait)/centre, whole)}
}

// refusalPace has half as much: a wait is uniform between a half and the whole of an end that doubles, so that there
// is a limit to the requests of an hour.
func refusalPace(s scale) pace {
	return pace{0, steps(s.of(refusalFirst)*3/4, s.of(refusalMax)*3/4, 1.0/3)}
}

func steps(first, longest time.Duration, factor float64) *backoff.ExponentialBackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithRandomizationFactor(factor),
		backoff.WithInitialInterval(first),
		backoff.WithMaxInterval(longest),
		backoff.WithMultiplier(2),
		backoff.WithMaxElapsedTime(0),
	)
}

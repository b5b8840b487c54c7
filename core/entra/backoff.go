package entra

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Upper ends of the first and of the longest wait after a failure. What a person has to mend is not mended within
// seconds, and Entra counts refused requests; an outage ends at any moment.
const (
	outageFirst   = time.Second
	outageMax     = 30 * time.Second
	rejectedFirst = 10 * time.Second
	rejectedMax   = 5 * time.Minute
)

// newBackoff returns the never-ending backoff for a run of failures of one kind, with full jitter: every wait is
// uniform between 0 and an end that doubles.
func newBackoff(k Kind, s scale) *backoff.ExponentialBackOff {
	first, longest := outageFirst, outageMax
	if k.needsSomebody() {
		first, longest = rejectedFirst, rejectedMax
	}
	return backoff.NewExponentialBackOff(
		backoff.WithRandomizationFactor(1), // the library's waits are centred: interval * (1 +- factor)
		backoff.WithInitialInterval(s.of(first)/2),
		backoff.WithMaxInterval(s.of(longest)/2),
		backoff.WithMultiplier(2),
		backoff.WithMaxElapsedTime(0),
	)
}

// needsSomebody reports whether failures of this kind usually last until a person mends something.
func (k Kind) needsSomebody() bool { return k == Rejected || k == Malformed }

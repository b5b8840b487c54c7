package schedule

import "time"

// A Scale shrinks the lengths of this package for tokens of a short life. It is 1 for the tokens
// that Entra issues, and a token of 50 ms is renewed as reliably as one of 75 minutes.
type Scale float64

// ScaleOf returns the scale for tokens that live so long: 1 from 30 minutes on, and in proportion
// below. A lifetime of 0 means that there has been no token.
func ScaleOf(lifetime time.Duration) Scale {
	const fullScale = 30 * time.Minute
	if lifetime <= 0 || lifetime >= fullScale {
		return 1
	}
	return Scale(lifetime) / Scale(fullScale)
}

// of returns d at this scale, and at least a millisecond: a shorter wait is a busy loop.
func (s Scale) of(d time.Duration) time.Duration {
	return max(time.Duration(s*Scale(d)), time.Millisecond)
}

// share returns a part of d.
func share(d time.Duration, part float64) time.Duration { return time.Duration(float64(d) * part) }

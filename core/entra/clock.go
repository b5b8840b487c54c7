package entra

import "time"

// A moment that matters here is remembered with two readings. The wall clock follows Entra's and Redis's, and it
// runs on while a machine is suspended; the monotonic clock cannot be set back by an operator or by NTP. What
// either says has passed, has passed: early costs one request, late costs every connection.

// onBothClocks gives at, which Entra named on the wall clock, the monotonic reading that goes with it now.
func onBothClocks(now, at time.Time) time.Time { return now.Add(at.Sub(now)) }

// reached reports whether at has come on either clock.
func reached(now, at time.Time) bool {
	return !now.Before(at) || !now.Round(0).Before(at.Round(0))
}

// until returns how long it takes until reached: the shorter of the two clocks' answers.
func until(now, at time.Time) time.Duration {
	return min(at.Sub(now), at.Round(0).Sub(now.Round(0)))
}

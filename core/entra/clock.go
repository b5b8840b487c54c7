package entra

import "time"

// An instant is a moment as two clocks read it. The wall clock follows Entra's and Redis's, and it runs on while a
// machine is suspended; the monotonic clock cannot be set back by an operator or by NTP. What either says has
// passed, has passed: early costs one request, late costs every connection.
//
// A time.Time holds both readings too, but compares by one of them.
type instant struct {
	wall time.Time     // has no monotonic reading
	mono time.Duration // since the clock was started
}

// A clock reads the present instant.
type clock func() instant

// machineClock returns a clock that reads this machine's two.
func machineClock() clock {
	started := time.Now()
	return func() instant {
		t := time.Now()
		return instant{wall: t.Round(0), mono: t.Sub(started)}
	}
}

// at gives a moment that was named on the wall clock, as Entra does, the monotonic reading that goes with it now.
func (now instant) at(wall time.Time) instant { return now.add(wall.Sub(now.wall)) }

// add returns the instant d later.
func (now instant) add(d time.Duration) instant { return instant{now.wall.Add(d), now.mono + d} }

// reached reports whether at has come on either clock.
func (now instant) reached(at instant) bool { return now.until(at) <= 0 }

// until returns how long it takes until at is reached: the shorter of the two clocks' answers.
func (now instant) until(at instant) time.Duration {
	return min(at.wall.Sub(now.wall), at.mono-now.mono)
}

// nap returns how long to sleep until the first of several instants. Timers follow the monotonic clock, so it is
// never longer than recheckEvery: a leap of the wall clock is seen within that time.
func (now instant) nap(s scale, ends ...instant) time.Duration {
	d := s.of(recheckEvery)
	for _, end := range ends {
		d = min(d, now.until(end))
	}
	return max(d, 0)
}

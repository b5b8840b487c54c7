// Package clock reads the two clocks of a machine, and compares the moments that they show.
package clock

import (
	"math"
	"time"
)

// An Instant is a moment as the wall clock and the monotonic clock show it. The wall clock follows
// Entra's and Redis's clocks and runs on while a machine is suspended. The monotonic clock cannot
// be set by an operator or by NTP. A moment has come as soon as one of the two clocks has reached
// it: too early costs one request, too late costs every connection.
//
// A time.Time holds both readings too, but compares only one of them.
type Instant struct {
	Wall time.Time     // without a monotonic reading
	Mono time.Duration // since the clock was started
}

// Never is a moment that no clock reaches.
var Never = Instant{Wall: time.Unix(1<<40, 0), Mono: math.MaxInt64}

// Machine returns a function that reads the clocks of this machine.
func Machine() func() Instant {
	started := time.Now()
	return func() Instant {
		t := time.Now()
		return Instant{Wall: t.Round(0), Mono: t.Sub(started)}
	}
}

// At returns the Instant of a moment of the wall clock, as the two clocks relate now.
func (now Instant) At(wall time.Time) Instant { return now.Add(wall.Sub(now.Wall)) }

// Add returns the Instant d later. The monotonic clock does not show more than 292 years.
func (now Instant) Add(d time.Duration) Instant {
	mono := now.Mono + d
	if d > 0 && mono < now.Mono {
		mono = math.MaxInt64
	}
	return Instant{now.Wall.Add(d), mono}
}

// Reached reports whether moment has come on either clock.
func (now Instant) Reached(moment Instant) bool { return now.Until(moment) <= 0 }

// Until returns the time until moment is reached, by the clock that reaches it first.
func (now Instant) Until(moment Instant) time.Duration {
	return min(moment.Wall.Sub(now.Wall), moment.Mono-now.Mono)
}

// First returns the Instant that is reached as soon as i or j is.
func (i Instant) First(j Instant) Instant {
	if j.Wall.Before(i.Wall) {
		i.Wall = j.Wall
	}
	i.Mono = min(i.Mono, j.Mono)
	return i
}

package schedule

import (
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
)

// An Alarm is the moment until which the owner of a [Plan] has nothing to do.
type Alarm struct {
	at         clock.Instant
	longestNap time.Duration
}

// Nap returns how long the owner may sleep before it looks at the clocks again, 0 if the alarm has
// gone off. Timers follow the monotonic clock, which stands still while a machine is suspended, so
// a nap takes half a minute at most.
func (a Alarm) Nap(now clock.Instant) time.Duration {
	return max(0, min(a.longestNap, now.Until(a.at)))
}

package schedule

import "github.com/entraredis/entraredis/core/entra/internal/clock"

// An Outlook is what readers know of the newest token. It is immutable, and readers compare it with
// the clocks themselves: the Source may not have noticed yet that a clock has leapt.
type Outlook struct {
	valid   bool
	expiry  clock.Instant
	renewBy clock.Instant
}

// Valid reports whether there is a token that has not expired.
func (o Outlook) Valid(now clock.Instant) bool { return o.valid && !now.Reached(o.expiry) }

// Overdue reports whether every connection should have a newer token by now.
func (o Outlook) Overdue(now clock.Instant) bool { return now.Reached(o.renewBy) }

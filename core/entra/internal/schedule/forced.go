package schedule

import (
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
)

// Forced keeps the requests apart that a server causes by refusing the token. A server without an
// access policy refuses every token, and must not make every process ask Entra without end.
type Forced struct {
	Pending  bool          // the next request is a forced one
	Count    int           // forced requests since a token last lived to its renewal
	Earliest clock.Instant // when the next forced request may be made
}

// Started notes that a request starts.
func (f *Forced) Started(s Scale, now clock.Instant) {
	if !f.Pending {
		return
	}
	*f = Forced{Count: f.Count + 1, Earliest: now.Add(ForcedDistance(s, f.Count))}
}

// TokenReplaced notes that a new token has come. With regular, the token before it lived to its
// renewal.
func (f *Forced) TokenReplaced(regular bool) {
	f.Pending = false
	if regular {
		f.Count = 0
	}
}

// ForcedDistance returns the least time between a forced request and the next one, after n others.
func ForcedDistance(s Scale, n int) time.Duration {
	const shortest, longest = 30 * time.Second, 10 * time.Minute
	return s.of(min(shortest<<min(n, 10), longest)) // 10 steps are more than longest needs
}

package admission

import "time"

// A probeSchedule admits a login from time to time while the server refuses them, to learn when that
// is over. The zero probeSchedule has no probe planned.
type probeSchedule struct {
	probeCount  int
	nextAt      time.Time
	latestProbe *Permit
	refusedAt   time.Time // the last refusal that is known, of any client
}

// sameRefusal is how far the moments are apart, at most, in which a refusal of this client is noted
// here and where the others look.
const sameRefusal = 10 * time.Millisecond

// A client that heard of a refusal waits longer than the one that was refused, by firstAfter to
// lastAfter. So that one probes again, and the others do if it does not: within 4.95 s.
const (
	firstAfter = 20 * time.Millisecond
	lastAfter  = 100 * time.Millisecond
)

// hear is told when the server has refused a login of any client of this process. It takes the place
// of a probe.
func (s *probeSchedule) hear(refusedAt, now time.Time, r float64) {
	if refusedAt.After(s.refusedAt.Add(sameRefusal)) {
		s.refusedAt = refusedAt
		s.planProbe(now.Add(-max(0, now.Sub(refusedAt))), 0)
		s.nextAt = s.nextAt.Add(firstAfter + time.Duration(r*float64(lastAfter-firstAfter)))
	}
}

const (
	firstPause = 500 * time.Millisecond
	// longestPause is how long a server that accepts logins again waits for one. All callers are to be
	// back within 5 seconds. The rest is for a probe that has to wait until a caller pauses no longer,
	// for its handshake and its answer, and for those who pause when it is accepted. A thousand clients
	// without an access policy make some 210 handshakes a second.
	longestPause = 4850 * time.Millisecond
	// pauseJitter keeps programs apart that were started together: a pause is shorter by up to a
	// twentieth. So there are 17 logins in the first minute at most, and 14 in each later one.
	pauseJitter = 0.05
)

// planProbe plans the next probe: after 0.5, 1, 2 and 4 s, and from then on every 4.85 s. r is in [0, 1),
// and 0 waits for the whole pause.
func (s *probeSchedule) planProbe(now time.Time, r float64) {
	pause := min(firstPause<<min(s.probeCount, 10), longestPause)
	s.nextAt = now.Add(time.Duration(float64(pause) * (1 - pauseJitter*r)))
	s.probeCount++
}

// takeProbe decides on a login.
func (s *probeSchedule) takeProbe(now time.Time, r float64) (p *Permit, wait time.Duration) {
	if now.Before(s.nextAt) {
		return nil, s.nextAt.Sub(now)
	}
	s.planProbe(now, r)
	s.latestProbe = &Permit{}
	return s.latestProbe, 0
}

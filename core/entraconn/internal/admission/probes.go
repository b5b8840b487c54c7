package admission

import "time"

// A probeSchedule admits a login from time to time while the server refuses them, to learn when that
// is over. The zero probeSchedule has no probe planned.
type probeSchedule struct {
	probeCount  int
	nextAt      time.Time
	latestProbe *Permit
}

const (
	firstPause = 500 * time.Millisecond
	// longestPause is how long a server that accepts logins again waits for one, at most. A thousand
	// clients without an access policy make some 200 handshakes a second.
	longestPause = 5 * time.Second
	// pauseJitter keeps programs apart that were started together: a pause is shorter by up to a
	// tenth. So there are 18 logins in the first minute at most, and 14 in each later one.
	pauseJitter = 0.1
)

// planProbe plans the next probe: after 0.5, 1, 2 and 4 s, and from then on every 5 s.
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

package entraconn

import (
	"context"
	"math/rand/v2"
	"time"
)

// When a server drops all connections at once (access keys are disabled, a node is rebooted), all its clients dial
// again in the same moment, and it has to make thousands of TLS handshakes before it can serve anybody. So the dials
// that make up for many losses are spread over the second that follows: each takes the emptiest part of that second,
// the first one of those that are equally empty.
//
// Thus the pace is set by the number of dials that wait, and there is nothing to configure. n that come together get
// n/100 to a part, rounded up: up to 100 of them keep 10 ms between each other, so that 50 processes with 20
// connections each make 500 handshakes in 100 ms and not 1,000 in one; 1,000 make 10 in each 10 ms. It could not be
// less without a longer wait. As 100 ms touch 11 parts, no 100 ms see more than 11 in 100 of the dials that wait, and
// nine more at the beginning: fewer than ten losses are no storm.
//
// The number of handshakes under way is not bounded in addition. Where the server keeps up, there are few anyway;
// where it does not, those that waited for others to finish would all begin at the end of their second, together.

const (
	// paceSpan is the longest wait. Hosts give a dial 5 seconds by default, and their callers often less.
	paceSpan = time.Second
	// A part is about as long as a few TLS handshakes take a server's processor, so that one that begins alone in
	// its part is alone.
	paceParts = 100
	pacePart  = paceSpan / paceParts
	// storm is how many lost connections make one. Fewer are dialed at once, by nobody's harm.
	storm = 10
)

// A pace remembers how many dials begin in each part of the coming second. Moments are given as time since the
// Dialer's start.
type pace struct {
	part   int64            // the number of the current part, counted from the Dialer's start
	dials  [paceParts]int32 // of the part with number n at index n % paceParts, from the current one on
	losses uint64
	lost   [storm]time.Duration // when the latest were, that with number n at index n % storm
}

func (p *pace) lose(at time.Duration) {
	p.lost[p.losses%storm] = at
	p.losses++
}

// struck reports whether many connections were lost within the last second.
func (p *pace) struck(at time.Duration) bool {
	return p.losses >= storm && at-p.lost[p.losses%storm] < paceSpan
}

// take finds a place for a dial and returns how long it has to wait for that, at most within: not at all if no other
// dial has begun in the current part, else up to a random moment of its part. r is in [0, 1). The number of the part
// is for giveBack.
func (p *pace) take(at, within time.Duration, r float64) (part int64, wait time.Duration) {
	p.advance(int64(at / pacePart))
	begin := time.Duration(p.part) * pacePart
	last := p.part + max(0, min(int64((at+within-begin)/pacePart), paceParts)-1) // that ends early enough
	part = p.part
	for n := part + 1; n <= last && *p.in(part) > 0; n++ {
		if *p.in(n) < *p.in(part) {
			part = n
		}
	}
	begin += time.Duration(part-p.part) * pacePart
	if *p.in(part) > 0 || part > p.part {
		from := max(begin, at)
		wait = min(within, from+time.Duration(r*float64(begin+pacePart-from))-at)
	}
	*p.in(part)++
	return part, wait
}

// giveBack frees the place of a dial that did not wait for it.
func (p *pace) giveBack(part int64) {
	if part >= p.part {
		*p.in(part)--
	}
}

func (p *pace) in(part int64) *int32 { return &p.dials[part%paceParts] }

// advance forgets what is over.
func (p *pace) advance(part int64) {
	for range min(part-p.part, paceParts) {
		*p.in(p.part) = 0
		p.part++
	}
	p.part = max(p.part, part)
}

// keepPace waits until a dial may begin: not at all unless many connections to the server were lost and are not back,
// and never longer than a second, half of what ctx has left, or ctx. It reports whether it has waited.
func (s *server) keepPace(ctx context.Context) bool {
	within := paceSpan
	if deadline, ok := ctx.Deadline(); ok {
		within = max(0, min(within, time.Until(deadline)/2))
	}
	now := time.Now()
	s.mu.Lock()
	if !s.stormy(now) {
		within = 0 // it counts, but does not wait
	}
	part, wait := s.pace.take(now.Sub(s.dialer.start), within, rand.Float64())
	s.mu.Unlock()
	if wait == 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		s.mu.Lock()
		s.pace.giveBack(part)
		s.mu.Unlock()
	}
	return true
}

// stormy reports whether many connections were lost just now, or were lost and are not back. Hosts that take turns,
// each closing, dialing and logging in before the next one does, never leave many behind at a time. s.mu is held.
func (s *server) stormy(now time.Time) bool {
	n := len(s.losses)
	return s.pace.struck(now.Sub(s.dialer.start)) || n >= storm && now.Sub(s.losses[n-storm].at) < lossMemory
}

package admission

import (
	"slices"
	"time"
)

// A trial admits logins while the server has said nothing about their credential: one, and twice as
// many after every 100 ms without an answer and after every login that ended without a verdict. So
// few are refused together, and a server that does not answer holds up none for longer than a
// second. The zero trial is ready for use.
type trial struct {
	awaited   []*Permit
	began     time.Time
	doublings int       // besides those by time
	changedAt time.Time // when a login was admitted or ended, last
}

const (
	// trialStep has a thousand logins go ahead within a second.
	trialStep = 100 * time.Millisecond
	// mostDoublings stands for no bound.
	mostDoublings = 30
	// trialMemory is how long a trial with no login under way is remembered. What comes later is
	// another burst of logins, and begins with one.
	trialMemory = time.Second
)

// admitOne decides on a login. One that cannot wait goes ahead.
func (t *trial) admitOne(now time.Time, canWait bool) (p *Permit, wait time.Duration) {
	t.forgetSilent(now)
	if len(t.awaited) == 0 && now.Sub(t.changedAt) >= trialMemory {
		*t = trial{began: now}
	}
	steps := now.Sub(t.began) / trialStep
	if most := 1 << min(steps+time.Duration(t.doublings), mostDoublings); canWait && len(t.awaited) >= most {
		return nil, t.nextChange(now, steps)
	}
	p = &Permit{}
	t.awaited = append(t.awaited, p)
	t.changedAt = now
	return p, 0
}

// nextChange returns how long it takes until more are admitted, or until a permit lapses.
func (t *trial) nextChange(now time.Time, steps time.Duration) time.Duration {
	next := t.began.Add((steps + 1) * trialStep)
	for _, p := range t.awaited {
		if !p.lapsesAt.IsZero() && p.lapsesAt.Before(next) {
			next = p.lapsesAt
		}
	}
	return next.Sub(now)
}

// forgetSilent takes back the permits that have lapsed. One says that the client dials in advance:
// then there is no answer to wait for, and its other dials wait no more.
func (t *trial) forgetSilent(now time.Time) {
	before := len(t.awaited)
	t.awaited = slices.DeleteFunc(t.awaited, func(p *Permit) bool { return !p.isValid(now) })
	if len(t.awaited) < before {
		t.doublings, t.changedAt = mostDoublings, now
	}
}

// drop ends a login without a verdict, and reports whether it was under way.
func (t *trial) drop(p *Permit, now time.Time) bool {
	i := slices.Index(t.awaited, p)
	if i < 0 {
		return false
	}
	t.awaited = slices.Delete(t.awaited, i, i+1)
	t.doublings, t.changedAt = min(t.doublings+1, mostDoublings), now
	return true
}

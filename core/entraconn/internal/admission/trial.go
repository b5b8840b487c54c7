package admission

import (
	"slices"
	"time"
)

// A trial admits logins while the server has said nothing about their credential: one, and twice as
// many after every 100 ms without an answer and after every login that ended without a verdict. So
// few are refused together, and a server that does not answer holds up none for longer than a
// second.
//
// Dials are admitted like logins, because most clients write at once. One whose client leaves the
// connection silent has no answer to wait for. Whether the client dials in advance or gets no
// processor is not to be seen, so each silent connection admits one dial more than there were: 1, 2,
// 4, 8, … together. When the client writes after all, that is taken back. The zero trial is ready for
// use.
type trial struct {
	awaited   []*Permit // of dials, and of logins that were not answered
	lapsed    int       // connections whose permit has lapsed
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

// admitOne decides on a dial or a login. One that cannot wait goes ahead. A login waits for other
// logins only: dials that may never log in do not hold it up.
func (t *trial) admitOne(now time.Time, isLogin, canWait bool) (p *Permit, wait time.Duration) {
	t.forgetSilent(now)
	if len(t.awaited) == 0 && now.Sub(t.changedAt) >= trialMemory {
		*t = trial{began: now}
	}
	steps := now.Sub(t.began) / trialStep
	underWay, most := len(t.awaited), 1<<min(steps+time.Duration(t.doublings), mostDoublings)
	if isLogin {
		underWay = t.logins()
	} else {
		most = max(most, t.lapsed+1)
	}
	if canWait && underWay >= most {
		return nil, t.nextChange(now, steps)
	}
	p = &Permit{isLogin: isLogin}
	t.awaited = append(t.awaited, p)
	t.changedAt = now
	return p, 0
}

// logins returns how many logins were not answered.
func (t *trial) logins() (n int) {
	for _, p := range t.awaited {
		if p.isLogin {
			n++
		}
	}
	return n
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

// forgetSilent takes back the permits that have lapsed.
func (t *trial) forgetSilent(now time.Time) {
	before := len(t.awaited)
	t.awaited = slices.DeleteFunc(t.awaited, func(p *Permit) bool { return !p.isValid(now) })
	if n := before - len(t.awaited); n > 0 {
		t.lapsed += n
		t.changedAt = now
	}
}

// noteWrite is told that the client has written on a connection whose permit has lapsed.
func (t *trial) noteWrite() { t.lapsed = max(0, t.lapsed-1) }

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

package admission

import "time"

// A DialReport decides when the log says that dials fail: once, until one succeeds. Many clients hide
// the error of a dial behind the end of a context, and show it to one of many callers. The zero
// DialReport has said nothing.
type DialReport struct {
	hasSaid bool
	saidAt  time.Time
}

// reportPause keeps a server that comes and goes from filling the log.
const reportPause = time.Minute

// Fail is told of a dial that has failed, or that has had no answer for long. It reports whether the
// log should say so.
func (r *DialReport) Fail(now time.Time) (say bool) {
	if r.hasSaid || now.Sub(r.saidAt) < reportPause {
		return false
	}
	r.hasSaid, r.saidAt = true, now
	return true
}

// Succeed is told of a dial that has succeeded.
func (r *DialReport) Succeed() { r.hasSaid = false }

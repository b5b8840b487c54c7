package admission

import (
	"time"

	"github.com/entraredis/entraredis/core/internal/authanswer"
)

// A rateLimit admits logins with a credential that the server has accepted and refuses now and then:
// behind one address there may be proxies of which one refuses, or which learn of an access policy
// at different times. Each refusal halves the rate. An acceptance brings the first rate back, and
// one more in a row ends the limit, as does a minute without a refusal. The zero rateLimit limits no
// credential.
type rateLimit struct {
	number    uint64 // of the credential
	rate      float64
	latestAt  time.Time // when a login went ahead
	refusedAt time.Time
	row       authanswer.Row
}

const (
	// Logins a second. At the first rate a client of a hundred callers is back about as soon as with
	// a password where half of its logins are refused (at 10 a second, four in ten of its calls were
	// lost), and seven refusals in a row bring it down to the least.
	firstRate = 100
	leastRate = 1
	// limitMemory is how long a limit lasts without a refusal. A client whose connections are open
	// makes no login that could end it, and may need many at once an hour later.
	limitMemory = time.Minute
)

// takeTurn decides on a login.
func (l *rateLimit) takeTurn(now time.Time) (p *Permit, wait time.Duration) {
	if !l.isRecent(now) {
		return &Permit{}, 0
	}
	next := l.latestAt.Add(time.Duration(float64(time.Second) / l.rate))
	if now.Before(next) {
		return nil, next.Sub(now)
	}
	l.latestAt = now
	return &Permit{}, 0
}

func (l *rateLimit) isRecent(now time.Time) bool { return now.Sub(l.refusedAt) < limitMemory }

// slowDown is told of a refusal. It reports whether there were enough of them in a row to close the
// gate, see authanswer.Row.
func (l *rateLimit) slowDown(number uint64, now time.Time) bool {
	switch {
	case l.number != number:
		*l = rateLimit{number: number, rate: firstRate}
	case l.isRecent(now):
		l.rate = max(l.rate/2, leastRate)
	default:
		l.rate = firstRate
	}
	l.refusedAt = now
	l.row.Add(now)
	return l.row.IsConclusive()
}

// speedUp is told that the server has accepted the credential, and reports whether the limit ends.
func (l *rateLimit) speedUp() (ends bool) {
	ends = l.rate == firstRate
	l.row, l.rate = authanswer.Row{}, firstRate
	return ends
}

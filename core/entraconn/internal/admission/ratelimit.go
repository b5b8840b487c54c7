package admission

import "time"

// A rateLimit admits logins with a credential that the server has accepted and refuses now and then:
// behind one address there may be proxies of which one refuses, or which learn of an access policy
// at different times. Each refusal halves the rate. Each acceptance doubles it, to the first rate at
// least, until there is no limit any more. The zero rateLimit limits no credential.
type rateLimit struct {
	number   uint64 // of the credential
	rate     float64
	latestAt time.Time // when a login went ahead
	inRow    int       // refusals in a row
	rowBegan time.Time
}

const (
	// Logins a second. A client with 20 connections is back within two seconds at the first rate if
	// half of its logins are refused, and at full rate within a fifth of a second if one is.
	firstRate = 10
	leastRate = 1
	fullRate  = 100
	// So many refusals in a row, over so long a time, are the word of the whole server. Where half of
	// the logins are refused, it takes 255 of them on average until eight are in a row.
	refusalsToClose = 8
	shortestRow     = time.Second
)

// takeTurn decides on a login.
func (l *rateLimit) takeTurn(now time.Time) (p *Permit, wait time.Duration) {
	next := l.latestAt.Add(time.Duration(float64(time.Second) / l.rate))
	if now.Before(next) {
		return nil, next.Sub(now)
	}
	l.latestAt = now
	return &Permit{}, 0
}

// slowDown is told of a refusal. It reports whether there were enough of them to close the gate.
func (l *rateLimit) slowDown(number uint64, now time.Time) bool {
	if l.number == number {
		l.rate = max(l.rate/2, leastRate)
	} else {
		*l = rateLimit{number: number, rate: firstRate}
	}
	if l.inRow == 0 {
		l.rowBegan = now
	}
	l.inRow++
	return l.inRow >= refusalsToClose && now.Sub(l.rowBegan) >= shortestRow
}

// speedUp is told that the server has accepted the credential, and reports whether the limit ends.
func (l *rateLimit) speedUp() (ends bool) {
	l.inRow = 0
	l.rate = max(2*l.rate, firstRate)
	return l.rate > fullRate
}

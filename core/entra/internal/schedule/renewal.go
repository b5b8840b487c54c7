package schedule

import "time"

const (
	// azidentity serves its cached token until 5 minutes before the expiry. A later request by
	// choice would give away the little time that remains for retries.
	cacheMargin = 5 * time.Minute

	// If the credential keeps returning the current token, the next request comes when azidentity's
	// cache drops that token (measured: the same token at 5:00, a new one at 4:59), and well before
	// the guard time.
	lookFrom = cacheMargin - time.Second
	lookTo   = 4 * time.Minute
	lookMax  = 10 * time.Second // between two requests after that

	// The renewal point in percent of the token's life: late enough for few requests, and an outage
	// of a quarter of an hour still does no harm. The point is random, so that programs drift
	// apart.
	regularFrom, regularTo = 70, 80

	// A thousand programs may get a token in the same second: at a start, after an outage, after a
	// rejection. Their renewals begin at 30 % instead. The busiest minute then has about twice the
	// mean number of requests, and not eight times as many.
	spreadFrom = 30

	// A token that is due for renewal when it arrives comes from a cache of the machine or of a
	// tool. The next request comes so much later.
	soonestRenewal = 30 * time.Second
)

// RenewAt returns when to request the successor of a token acquired at this moment of the wall
// clock: at a random point of the tenth of its life that follows refreshOn, or 70 % of its life if
// refreshOn is zero. With spread the range begins at refreshOn or at 30 %, and ends at 80 %. The
// range never begins sooner than soonestRenewal from then. It ends cacheMargin before the expiry,
// if there is time.
func RenewAt(v Validity, refreshOn, wall time.Time, spread bool, rnd float64) time.Time {
	untilExpiry := v.ExpiresOn.Sub(wall)
	s := v.scale()
	percent := v.Lifetime() / 100
	from := v.IssuedAt.Add(percent * regularFrom)
	if spread {
		from = v.IssuedAt.Add(percent * spreadFrom)
	}
	if refreshOn.After(v.IssuedAt) && refreshOn.Before(v.ExpiresOn) {
		from = refreshOn
	}
	to := from.Add(percent * (regularTo - regularFrom))
	if spread {
		to = later(to, v.IssuedAt.Add(percent*regularTo))
	}

	notBefore := wall.Add(min(s.of(soonestRenewal), untilExpiry/2))
	notAfter := v.ExpiresOn.Add(-s.of(cacheMargin))
	if notAfter.Before(notBefore.Add(untilExpiry / 20)) {
		notAfter = notBefore.Add(untilExpiry / 10)
	}
	if from.Before(notBefore) {
		from = notBefore
		to = later(to, notBefore.Add(untilExpiry/10))
	}
	from, to = earlier(from, notAfter), earlier(to, notAfter)
	// A refreshOn next to the expiry gets its jitter as well.
	from = earlier(from, later(notBefore, to.Add(-untilExpiry/100)))
	return between(from, to, rnd)
}

// LookAgainAt returns when to ask again after the credential has returned the current token. The
// token lives for lifetime and expires at expiresOn.
func LookAgainAt(lifetime time.Duration, expiresOn, wall time.Time, rnd float64) time.Time {
	s := ScaleOf(lifetime)
	if from := cacheDrops(lifetime, expiresOn); wall.Before(from) {
		return between(from, expiresOn.Add(-s.of(lookTo)), rnd)
	}
	return wall.Add(s.of(leastWait) + share(s.of(lookMax-leastWait), rnd))
}

// cacheDrops returns when azidentity's cache drops a token, so that a plain request reaches Entra.
func cacheDrops(lifetime time.Duration, expiresOn time.Time) time.Time {
	return expiresOn.Add(-ScaleOf(lifetime).of(lookFrom))
}

func between(from, to time.Time, rnd float64) time.Time { return from.Add(share(to.Sub(from), rnd)) }

func earlier(x, y time.Time) time.Time {
	if y.Before(x) {
		return y
	}
	return x
}

func later(x, y time.Time) time.Time {
	if y.After(x) {
		return y
	}
	return x
}

package entra

import "time"

// The schedule, as pure functions of times on the wall clock. All lengths are given for tokens that live 30 minutes
// or longer, which is all of Entra's, and shrink in proportion for shorter ones, so that a token of 50 ms is renewed
// as reliably as one of 75 minutes.
const (
	fullScale = 30 * time.Minute

	// Microsoft asks for the new token on every connection 3 minutes before the old one expires.
	guardTime = 3 * time.Minute

	// azidentity serves its cached token until 5 minutes before expiry. Asking later than that by choice would
	// give away what little time is left for retries.
	cacheMargin = 5 * time.Minute

	// Where no newer token could be had before, the first look is taken when azidentity's cache has let go of
	// the old one (measured: same token at 5:00, new one at 4:59), and early enough before the guard time.
	lookFrom = cacheMargin - time.Second
	lookTo   = 4 * time.Minute
	lookMax  = 10 * time.Second // between looks from there on

	// Where in a token's life its successor is asked for, in percent: late enough not to ask often, early enough to
	// sit out an outage of a quarter of an hour. The point is random, so that programs drift apart.
	regularFrom, regularTo = 70, 80

	// Tokens that came at a moment which nobody had chosen, at a start, after an outage, after a refusal, may have
	// come to a thousand programs in the same second. Their renewals begin here instead: the busiest minute then sees
	// little more than twice the mean, where it would see eight times as many requests otherwise.
	spreadFrom = 30

	// A token that is due for renewal when it arrives, because a host or a tool had cached it, gets this long
	// before the next request.
	soonestRenewal = 30 * time.Second

	// Between two tries with nothing in hand: fast enough that an application's own timeout sees the recovery,
	// slow enough for a thousand processes at once.
	leastWait  = time.Second
	urgentWait = 2 * time.Second

	// The same after a refusal that somebody has to mend. Entra takes a program that repeats what it was refused
	// for a loop (AADSTS50196), so there are never more than refusalsPerHour, however many callers wait: four in the
	// first steps of the backoff, and one every refusedWait.
	refusedWait     = time.Minute
	refusedJitter   = 15 * time.Second
	refusalsPerHour = 64

	// How long it is remembered that claims bring nothing new, or are refused: it may have been a proxy, once.
	claimsMemory = 24 * time.Hour

	// Retry-After is obeyed up to here even when nothing is in hand.
	retryAfterMax = 60 * time.Second

	// Between two requests caused by Reject. A server that refuses every token, for lack of an access policy,
	// must not make every process ask Entra for ever more of them.
	forcedFirst = 30 * time.Second
	forcedMax   = 10 * time.Minute

	// The longest sleep, because the monotonic clock, which timers follow, stands still while a machine is suspended.
	recheckEvery = 30 * time.Second

	// An attempt: discovery and token request of a service principal, or a chain that starts a process or two.
	attemptMax = 30 * time.Second
	attemptMin = 100 * time.Millisecond // a local TLS handshake on a busy machine
	// What a credential gets to return once its context has ended.
	attemptGrace = time.Second
)

// A scale shrinks the lengths above for tokens that live less than fullScale.
type scale float64

func scaleOf(life time.Duration) scale {
	if life <= 0 || life >= fullScale {
		return 1
	}
	return scale(life) / scale(fullScale)
}

// paceOf returns the scale of the waits between requests for tokens of which one says that it was issued for life, 0 if
// it does not say. Nobody but a test issues tokens for less than 4 minutes, and Entra is not to be asked more often
// because somebody's cache has little left of one.
func paceOf(life time.Duration) scale {
	const fullPace = 4 * time.Minute
	if life <= 0 || life >= fullPace {
		return 1
	}
	return scale(life) / scale(fullPace)
}

// of returns d at this scale, and at least a millisecond, below which a wait is a busy loop.
func (s scale) of(d time.Duration) time.Duration {
	return max(time.Duration(s*scale(d)), time.Millisecond)
}

// guard returns how long before its expiry a token should have been replaced on every connection.
func guard(life time.Duration) time.Duration { return min(guardTime, life/10) }

// renewAt returns when to ask for the successor of a token acquired now: at a random point of the tenth of its
// life that follows refreshOn, or lacking that, 70 % of it. If it is to be spread, that stretch begins with refreshOn,
// or 30 %, and goes on to 80 %. It never begins less than soonestRenewal from now nor, when there is time, ends later than cacheMargin before
// the expiry.
func renewAt(issued, expires, refreshOn, now time.Time, spread bool, rnd float64) time.Time {
	life, left := expires.Sub(issued), expires.Sub(now)
	s := scaleOf(life)
	percent := life / 100
	from := issued.Add(percent * regularFrom)
	if spread {
		from = issued.Add(percent * spreadFrom)
	}
	if refreshOn.After(issued) && refreshOn.Before(expires) {
		from = refreshOn
	}
	to := from.Add(percent * (regularTo - regularFrom))
	if spread {
		to = later(to, issued.Add(percent*regularTo))
	}

	soonest := now.Add(min(s.of(soonestRenewal), left/2))
	latest := expires.Add(-s.of(cacheMargin))
	if latest.Before(soonest.Add(left / 20)) {
		latest = soonest.Add(left / 10)
	}
	if from.Before(soonest) {
		from = soonest
		to = later(to, soonest.Add(left/10))
	}
	from, to = earlier(from, latest), earlier(to, latest)
	from = earlier(from, later(soonest, to.Add(-left/100))) // a refreshOn next to the expiry is jittered all the same
	return between(from, to, rnd)
}

// lookAgainAt returns when to ask again after the credential has answered with the token that is there already.
func lookAgainAt(life time.Duration, expires, now time.Time, rnd float64) time.Time {
	s := scaleOf(life)
	if from := lastLooks(life, expires); now.Before(from) {
		return between(from, expires.Add(-s.of(lookTo)), rnd)
	}
	return now.Add(s.of(leastWait) + part(s.of(lookMax-leastWait), rnd))
}

// lastLooks returns from when on azidentity's cache no longer stands between us and Entra.
func lastLooks(life time.Duration, expires time.Time) time.Time {
	return expires.Add(-scaleOf(life).of(lookFrom))
}

// retryIn returns how long to wait after a failed attempt: patient as a rule, urgent while somebody waits and no
// token is left. wait is the random one that the number of failures calls for, retryAfter what the server
// asked for, left what the current token has, 0 or less if there is none; refused, that somebody has to mend it.
func retryIn(s scale, refused bool, left, wait, retryAfter time.Duration, rnd float64) (patient, urgent time.Duration) {
	urgent = s.of(leastWait) + part(s.of(urgentWait-leastWait), rnd)
	if refused {
		urgent = s.of(refusedWait) + part(s.of(refusedJitter), rnd)
	}
	patient = wait
	if left > 0 {
		// The tries become denser towards the expiry, whatever the backoff has grown to.
		patient = min(patient, max(left/4, urgent))
	}
	floor := min(retryAfter, max(retryAfterMax, left/2))
	floor += part(floor/10, rnd)
	return max(patient, floor), max(urgent, floor)
}

// forcedDistance returns the least time between a request that Reject caused and the next such one; n counts
// those since a token last lived to its renewal.
func forcedDistance(s scale, n int) time.Duration {
	d := forcedFirst << min(n, 10) // beyond which forcedMax rules anyway
	return s.of(min(d, forcedMax))
}

// attemptTimeout returns how long one call to the credential may take; life is 0 before the first token.
func attemptTimeout(life time.Duration) time.Duration {
	if life <= 0 {
		return attemptMax
	}
	return min(attemptMax, max(life/10, attemptMin))
}

func part(d time.Duration, rnd float64) time.Duration { return time.Duration(float64(d) * rnd) }

func between(from, to time.Time, rnd float64) time.Time { return from.Add(part(to.Sub(from), rnd)) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

package schedule_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

var (
	histories   = flag.Int("histories", 1000, "how many random histories of tokens, faults and leaping clocks a Plan goes through")
	historySeed = flag.Uint64("seed", 0, "the seed of the first history; each next one has the next")
)

// A trouble is one that a credential is in for a while, on the monotonic clock.
type trouble struct {
	kind     string
	from, to time.Duration
}

// A history is what happens to one Plan: for how long its tokens live, how its credential caches
// them, which troubles the credential is in, and how the clocks leap.
type history struct {
	life      time.Duration
	refreshIn time.Duration // 0: the credential names none
	cache     time.Duration // until how long before the expiry a plain request gets the cached token
	claims    string        // what a request with claims gets: a new token, the cached one, a refusal
	troubles  []trouble
	leaps     []leap
	waits     bool
	end       time.Duration // the last two lives are without trouble
}

func (h history) String() string {
	return fmt.Sprintf("life %v, refreshIn %v, cache %v, claims %s, troubles %v, leaps %v, waits %v",
		h.life, h.refreshIn, h.cache, h.claims, h.troubles, h.leaps, h.waits)
}

func randomHistory(r *rand.Rand) history {
	logUniform := func(from, to time.Duration) time.Duration {
		return time.Duration(float64(from) * math.Pow(float64(to)/float64(from), r.Float64()))
	}
	oneOf := func(of ...string) string { return of[r.IntN(len(of))] }
	upTo := func(d time.Duration) time.Duration { return time.Duration(r.Float64() * float64(d)) }
	h := history{life: logUniform(time.Minute, 28*time.Hour).Round(time.Second), waits: r.IntN(2) == 0}
	if r.IntN(3) == 0 {
		h.refreshIn = upTo(h.life * 11 / 10)
	}
	if r.IntN(3) > 0 && h.life > 6*time.Minute {
		h.cache = 5 * time.Minute // as azidentity does, which caches nothing shorter
	}
	h.claims = oneOf("new", "new", "cached", "refused")
	upset := time.Duration(1+r.IntN(4)) * h.life
	h.end = upset + 3*h.life + 20*time.Minute
	for range r.IntN(5) {
		from := upTo(upset)
		h.troubles = append(h.troubles, trouble{
			oneOf("transient", "retry after", "rejected", "unusable", "expired", "hang", "slow"),
			from, min(from+logUniform(time.Second, 2*h.life), upset),
		})
	}
	by := logUniform(time.Second, 3*h.life)
	switch at := upTo(upset); r.IntN(4) {
	case 0:
		h.leaps = []leap{{at: at, sleep: by}}
	case 1, 2:
		if r.IntN(2) == 0 {
			by = -by
		}
		h.leaps = []leap{{at: at, setBy: by}}
		if r.IntN(2) == 0 {
			h.leaps = append(h.leaps, leap{at: at + upTo(upset-at), setBy: -by})
		}
	}
	return h
}

// A life is what a history has done to a Plan so far.
type lived struct {
	*program
	history
	issued []issuedToken
}

type issuedToken struct {
	token
	at time.Duration
}

func (l *lived) troubleNow() string {
	for _, tr := range l.troubles {
		if tr.from <= l.awake && l.awake < tr.to {
			return tr.kind
		}
	}
	return ""
}

// cached returns what a request gets from the credential's cache, and whether it does.
func (l *lived) cached(withClaims bool) (token, bool) {
	if len(l.issued) == 0 {
		return token{}, false
	}
	t := l.issued[len(l.issued)-1].token
	t.refreshOn = time.Time{}
	return t, l.cache > 0 && !withClaims && t.expiresOn.Sub(l.wall()) >= l.cache
}

// requestTime is the program's delay.
func (l *lived) requestTime() time.Duration {
	switch kind := l.troubleNow(); kind {
	case "slow":
		return min(20*time.Second, l.history.life/20)
	case "hang":
		if _, hit := l.cached(l.asked[len(l.asked)-1].withClaims); !hit {
			return l.plan.RequestTimeout()
		}
	}
	return 0
}

// credential is what the program asks.
func (l *lived) credential(withClaims bool) answer {
	cached, hit := l.cached(withClaims)
	if hit {
		return answer{token: cached}
	}
	switch l.troubleNow() {
	case "transient", "hang":
		return answer{failure: &schedule.Failure{}}
	case "retry after":
		return answer{failure: &schedule.Failure{RetryAfter: 45 * time.Second}}
	case "rejected":
		return answer{failure: &schedule.Failure{Rejection: true, NeedsOperator: true}}
	case "unusable":
		return answer{failure: &schedule.Failure{BadToken: true, NeedsOperator: true}}
	case "expired":
		return answer{failure: &schedule.Failure{BadToken: true}}
	}
	switch {
	case withClaims && l.claims == "refused":
		return answer{failure: &schedule.Failure{OfClaims: true, Rejection: true, NeedsOperator: true}}
	case withClaims && l.claims == "cached" && len(l.issued) > 0:
		return answer{token: cached}
	}
	fresh := l.mint(l.history.life)
	if l.refreshIn > 0 {
		fresh.refreshOn = l.wall().Add(l.refreshIn)
	}
	l.issued = append(l.issued, issuedToken{fresh, l.awake})
	return answer{token: fresh}
}

// upsetBetween reports whether anything went wrong in a part of the history, or so shortly before
// it that the Plan may still wait.
func (h history) upsetBetween(from, to time.Duration) bool {
	wait := time.Duration(float64(10*time.Minute) * min(1, float64(h.life)/float64(30*time.Minute)))
	for _, tr := range h.troubles {
		if tr.from < to && tr.to+wait > from {
			return true
		}
	}
	return len(h.leaps) > 0
}

// hasStaleCache reports whether the credential may return an expired token until the end, because
// its clock was set back and nothing makes it ask for another one. No schedule can help that.
func (h history) hasStaleCache() bool {
	back := false
	for _, l := range h.leaps {
		back = back || l.setBy < 0
	}
	return back && h.cache > 0 && h.claims != "new"
}

// leaptBefore reports whether a clock leapt so shortly before now that the program may not have
// looked since.
func (h history) leaptBefore(now time.Duration) bool {
	for _, l := range h.leaps {
		if l.at <= now && now < l.at+recheck+time.Second {
			return true
		}
	}
	return false
}

func TestPlanHistoriesBreakNoPromise(t *testing.T) {
	t.Parallel()
	for n := range uint64(max(*histories, 0)) {
		seed := *historySeed + n
		h := randomHistory(rand.New(rand.NewPCG(seed, 4711)))
		if broken := live(h, seed); len(broken) > 0 {
			t.Fatalf("-histories 1 -seed %d (%v):\n%s", seed, h, strings.Join(broken, "\n"))
		}
	}
}

// live goes through a history and returns which promises broke.
func live(h history, seed uint64) (broken []string) {
	fault := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	l := &lived{program: newProgram(seed), history: h}
	l.ask, l.delay = l.credential, l.requestTime
	l.program.leaps, l.program.waits = h.leaps, h.waits
	for l.awake < h.end && len(broken) < 5 {
		l.sleep(h.life / 37)
		if late := l.world().Sub(l.program.token.expires); l.plan.Valid() && late > 0 && !h.leaptBefore(l.awake) {
			fault("%v: a token that expired %v ago is valid", l.awake, late)
		}
	}
	if !h.hasStaleCache() && (!l.plan.Outlook().Valid(l.now()) || l.plan.Failures() > 0 || l.plan.Outlook().Overdue(l.now())) {
		fault("at the end: %d failures, token %+v", l.plan.Failures(), l.program.token)
	}
	for i := 1; i < len(l.issued); i++ {
		old, next := l.issued[i-1], l.issued[i]
		renewBy := old.at + h.life - min(3*time.Minute, h.life/10)
		if !h.upsetBetween(old.at, renewBy) && next.at > renewBy {
			fault("renewed %v before the expiry, without trouble", old.at+h.life-next.at)
		}
	}
	// A plain request and one with claims find out once a day that claims do not help.
	extra := 0
	if h.claims != "new" {
		extra = 2 * int(1+h.end/(24*time.Hour))
	}
	if h.cache == 0 && len(h.troubles)+len(h.leaps) == 0 && len(l.asked) > len(l.issued)+1+extra {
		fault("%d requests for %d tokens without trouble", len(l.asked), len(l.issued))
	}
	const burst = 4 // a plain request, one with claims, and both again
	for i := range l.asked[:max(0, len(l.asked)-burst)] {
		scale := min(1, float64(h.life)/float64(30*time.Minute))
		if d := l.asked[i+burst].at - l.asked[i].at; d < time.Duration(scale*float64(time.Second)) {
			fault("%d requests within %v", burst+1, d)
		}
	}
	return broken
}

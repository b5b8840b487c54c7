package entra_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

var (
	histories    = flag.Int("histories", 80, "how many random histories of tokens and faults to go through")
	historiesFor = flag.Duration("for", 0, "go through random histories for so long, whatever -histories says")
	historySeed  = flag.Uint64("seed", 0, "the seed of the first history; each next one has the next. It fixes what happens to a Source, but neither the Source's jitter nor the scheduling of goroutines")
)

// A trouble is one that a credential is in for a while.
type trouble struct {
	kind     string
	from, to time.Duration // since the start
}

// A history is what happens to one Source: for how long its tokens live, how its credential caches
// them, and what goes wrong. The schedule's own histories have leaping clocks as well.
type history struct {
	life      time.Duration
	refreshIn time.Duration // 0: the credential names none
	cache     time.Duration // until how long before the expiry a plain call gets the cached token
	claims    string        // what a call with claims gets: a new token, the cached one, a refusal
	troubles  []trouble
	end       time.Duration // the last two lives are without trouble
}

func (h history) String() string {
	return fmt.Sprintf("life %v, refreshIn %v, cache %v, claims %s, troubles %v", h.life, h.refreshIn, h.cache, h.claims, h.troubles)
}

func randomHistory(r *rand.Rand) history {
	logUniform := func(from, to time.Duration) time.Duration {
		return time.Duration(float64(from) * math.Pow(float64(to)/float64(from), r.Float64()))
	}
	oneOf := func(of ...string) string { return of[r.IntN(len(of))] }
	h := history{life: logUniform(time.Minute, 28*time.Hour).Round(time.Second)}
	if r.IntN(3) == 0 {
		h.refreshIn = time.Duration(r.Float64() * 1.1 * float64(h.life))
	}
	if r.IntN(3) > 0 && h.life > 6*time.Minute {
		h.cache = 5 * time.Minute // which is azidentity's; and it caches nothing shorter
	}
	h.claims = oneOf("new", "new", "cached", "refused")
	upset := time.Duration(1+r.IntN(4)) * h.life
	h.end = upset + 3*h.life + 20*time.Minute
	for range r.IntN(5) {
		from := time.Duration(r.Float64() * float64(upset))
		length := logUniform(time.Second, 2*h.life)
		h.troubles = append(h.troubles, trouble{
			oneOf("network", "503", "429", "429 after", "401", "empty", "expired", "no oid", "hang", "slow", "panic"),
			from, min(from+length, upset),
		})
	}
	return h
}

// An actor is the credential of a history.
type actor struct {
	h     history
	start time.Time
	calls []call
	fresh []minted // tokens made
	mu    sync.Mutex
}

type minted struct {
	at, renewBy, expires time.Time
	token                azcore.AccessToken
}

func (a *actor) troubleNow() string {
	since := time.Since(a.start)
	for _, tr := range a.h.troubles {
		if tr.from <= since && since < tr.to {
			return tr.kind
		}
	}
	return ""
}

// serves reports whether a call is answered from the cache.
func (a *actor) serves(c call) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cached(c)
}

func (a *actor) cached(c call) bool {
	return a.h.cache > 0 && c.claims == "" && len(a.fresh) > 0 &&
		time.Until(a.fresh[len(a.fresh)-1].token.ExpiresOn) >= a.h.cache
}

func (a *actor) answer(ctx context.Context, c call) (azcore.AccessToken, error) {
	switch a.troubleNow() {
	case "hang":
		if !a.serves(c) {
			<-ctx.Done()
			return azcore.AccessToken{}, ctx.Err()
		}
	case "slow":
		select {
		case <-time.After(min(20*time.Second, a.h.life/20)):
		case <-ctx.Done():
			return azcore.AccessToken{}, ctx.Err()
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cached(c) {
		tok := a.fresh[len(a.fresh)-1].token
		tok.RefreshOn = time.Time{}
		return tok, nil
	}
	a.calls = append(a.calls, c)
	tok := mint(call{n: len(a.calls), at: time.Now()}, a.h.life)
	switch a.troubleNow() {
	case "network":
		return azcore.AccessToken{}, &azcore.ResponseError{}
	case "503":
		return azcore.AccessToken{}, refused(503, "")
	case "429":
		return azcore.AccessToken{}, refused(429, "")
	case "429 after":
		return azcore.AccessToken{}, refused(429, "45")
	case "401":
		return azcore.AccessToken{}, refused(401, "")
	case "empty":
		return azcore.AccessToken{ExpiresOn: tok.ExpiresOn}, nil
	case "expired":
		tok.ExpiresOn = time.Now().Add(-time.Second)
		return tok, nil
	case "no oid":
		tok.Token = "opaque"
		return tok, nil
	case "panic":
		panic("in the credential")
	}
	if c.claims != "" {
		switch {
		case a.h.claims == "refused":
			return azcore.AccessToken{}, refused(400, "")
		case a.h.claims == "cached" && len(a.fresh) > 0:
			return a.fresh[len(a.fresh)-1].token, nil
		}
	}
	if a.h.refreshIn > 0 {
		tok.RefreshOn = time.Now().Add(a.h.refreshIn)
	}
	renewBy := tok.ExpiresOn.Add(-min(3*time.Minute, a.h.life/10))
	a.fresh = append(a.fresh, minted{time.Now(), renewBy, tok.ExpiresOn, tok})
	return tok, nil
}

// upsetBetween reports whether anything went wrong in a part of the history, or so shortly before
// it that the Source may still wait.
func (h history) upsetBetween(from, to time.Duration) bool {
	after := time.Duration(float64(10*time.Minute) * min(1, float64(h.life)/float64(30*time.Minute)))
	for _, tr := range h.troubles {
		if tr.from < to && tr.to+after > from {
			return true
		}
	}
	return false
}

func TestHistoriesBreakNoPromise(t *testing.T) {
	t.Parallel()
	began, n := time.Now(), uint64(0)
	for more := true; more; n++ {
		seed := *historySeed + n
		h := randomHistory(rand.New(rand.NewPCG(seed, 4711)))
		synctest.Test(t, func(t *testing.T) {
			if faults := live(t, h, seed%2 == 0); len(faults) > 0 {
				t.Errorf("-histories 1 -seed %d (%v):\n%s", seed, h, strings.Join(faults, "\n"))
			}
		})
		if t.Failed() {
			return
		}
		if more = n+1 < uint64(max(*histories, 0)); *historiesFor > 0 {
			more = time.Since(began) < *historiesFor
		}
	}
	t.Logf("%d histories, seeds %d to %d", n, *historySeed, *historySeed+n-1)
}

// live goes through a history and returns what broke.
func live(t *testing.T, h history, waiting bool) (broken []string) {
	a := &actor{h: h, start: time.Now()}
	cred := &credential{answer: a.answer}
	src := newSource(t, cred, nil)
	if waiting {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { // a service that needs a token all the time
			for {
				if _, err := src.Token(ctx); err != nil {
					return
				}
				select {
				case <-time.After(h.life / 50):
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	fault := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	for since := time.Duration(0); since < h.end && len(broken) < 5; since = time.Since(a.start) {
		time.Sleep(h.life / 37)
		synctest.Wait()
		tok, _ := src.Latest()
		if tok.IsZero() {
			continue
		}
		a.mu.Lock()
		expires := expiryOf(a, tok)
		a.mu.Unlock()
		if late := time.Since(expires); late > 0 {
			fault("%v: a token that expired %v ago is served", since, late)
		}
	}
	if st := src.Status(); st.Health != entra.HealthReady {
		fault("at the end: %+v", st)
	}
	_ = src.Close()
	for i := 1; i < len(a.fresh); i++ {
		old, next := a.fresh[i-1], a.fresh[i]
		if !h.upsetBetween(old.at.Sub(a.start), old.renewBy.Sub(a.start)) && next.at.After(old.renewBy) {
			fault("renewed %v before the expiry, in untroubled times", old.expires.Sub(next.at))
		}
	}
	// A plain call and one with claims find out once a day that claims do not help.
	found := 2 * btoi(h.claims == "refused" || h.claims == "cached") * int(1+h.end/(24*time.Hour))
	if untroubled := len(h.troubles) == 0; untroubled && len(a.calls) > len(a.fresh)+1+found {
		fault("%d requests for %d tokens in untroubled times", len(a.calls), len(a.fresh))
	}
	const burst = 4 // a plain call, one with claims, and the same again
	seen := cred.seen()
	for i := range seen[:max(0, len(seen)-burst)] {
		scale := min(1, float64(h.life)/float64(30*time.Minute))
		if d := seen[i+burst].at.Sub(seen[i].at); d < time.Duration(scale*float64(time.Second)) {
			fault("%d calls within %v", burst+1, d)
		}
	}
	return broken
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func expiryOf(a *actor, tok entra.Token) time.Time {
	_, secret := tok.Credentials()
	for _, m := range a.fresh {
		if m.token.Token == secret {
			return m.expires
		}
	}
	panic(errors.New("a token that the credential did not make"))
}

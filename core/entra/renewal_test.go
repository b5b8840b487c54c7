package entra_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

func TestRenewsInTimeForDays(t *testing.T) {
	for _, life := range []time.Duration{24 * time.Hour, life, time.Hour, 10 * time.Minute, 5 * time.Second, 50 * time.Millisecond} {
		t.Run(life.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cred := minting(life)
				src := newSource(t, cred, nil)
				mustToken(t, src)
				time.Sleep(50 * life)
				calls := cred.seen()
				if n := len(calls); n < 62 || n > 72 {
					t.Errorf("%d requests in 50 lives, want one per 70 to 80 %% of a life", n)
				}
				checkGap(t, "first renewal", calls[0].at, calls[1].at, life*3/10, life*8/10)
				for before, after := range pairs(calls[1:]) {
					checkGap(t, "renewed", before.at, after.at, life*7/10, life*8/10)
				}
				if got := src.Status(); !got.Valid || got.Err != nil {
					t.Errorf("status %+v", got)
				}
			})
		})
	}
}

// pairs yields each call with the one that followed.
func pairs(calls []call) func(func(a, b call) bool) {
	return func(yield func(a, b call) bool) {
		for i := 1; i < len(calls); i++ {
			if !yield(calls[i-1], calls[i]) {
				return
			}
		}
	}
}

func TestRenewalsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var firsts []time.Duration
		for range 200 {
			src := newSource(t, minting(life), nil)
			mustToken(t, src)
			firsts = append(firsts, src.Status().NextAttempt.Sub(start))
		}
		slices.Sort(firsts)
		if spread := firsts[len(firsts)-1] - firsts[0]; spread < life*4/10 {
			t.Errorf("200 renewals within %v of each other", spread)
		}
	})
}

func TestRefreshOnIsRememberedFromTheCallThatFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var kept azcore.AccessToken
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			if c.n == 1 {
				kept = mint(c, 24*time.Hour)
				fetched := kept
				fetched.RefreshOn = c.at.Add(12 * time.Hour)
				return fetched, nil
			}
			if time.Since(start) < 13*time.Hour {
				return kept, nil // a cached call drops RefreshOn
			}
			return mint(c, 24*time.Hour), nil
		}}
		src := newSource(t, cred, nil)
		mustToken(t, src)
		time.Sleep(21 * time.Hour)
		checkGap(t, "first renewal", start, cred.seen()[1].at, 12*time.Hour, 24*time.Hour*8/10)
	})
}

// On the machine's own clocks one token follows the other, later each time. How soon is for the
// tests in bubbles: here the machine may do something else for as long as a token lives.
func TestShortTokensInRealTime(t *testing.T) {
	src := newSource(t, minting(50*time.Millisecond), nil)
	last := mustToken(t, src)
	for n := 0; n < 40; {
		tok, changed := src.Latest()
		if tok.IsZero() || tok == last {
			<-changed
			continue
		}
		if !tok.ExpiresOn().After(last.ExpiresOn()) {
			t.Errorf("%v came after %v", tok, last)
		}
		last = tok
		n++
	}
}

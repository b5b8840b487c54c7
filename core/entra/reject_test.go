package entra_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

func TestRejectedTokenIsReplacedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := caching(func(call) error { return nil })
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)
		_, superseded := src.Latest()
		time.Sleep(time.Minute)
		start := time.Now()
		src.Reject(tok)
		if got := mustToken(t, src); got != tok {
			t.Error("a rejected token is to be served until there is another")
		}
		<-superseded
		checkGap(t, "replaced", start, time.Now(), 0, time.Second)
		if calls := cred.seen(); len(calls) != 3 || calls[2].claims == "" {
			t.Errorf("%+v, want a plain call and one with claims", calls)
		}
	})
}

func TestRejectedTokenIsReplacedByOneThatLivesNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var expires time.Time
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			tok := mint(c, life)
			if c.n == 1 {
				expires = tok.ExpiresOn
			}
			if c.n == 2 {
				tok.ExpiresOn = expires.Add(-time.Minute)
			}
			return tok, nil
		}}
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)
		src.Reject(tok)
		synctest.Wait()
		got := mustToken(t, src)
		if got == tok || !got.ExpiresOn().Equal(expires.Add(-time.Minute)) {
			t.Errorf("%v, want the second token", got)
		}
	})
}

func TestRejectionOfAnotherTokenIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := minting(life)
		src := newSource(t, cred, nil)
		old := mustToken(t, src)
		_, superseded := src.Latest()
		<-superseded
		before := cred.count()
		src.Reject(old)
		src.Reject(entra.Token{})
		src.Reject(mustToken(t, newSource(t, minting(life), nil)))
		time.Sleep(time.Minute)
		if n := cred.count(); n != before {
			t.Errorf("%d requests more", n-before)
		}
	})
}

func TestRejectionsOfEveryTokenCauseFewRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := caching(func(call) error { return nil })
		src := newSource(t, cred, nil)
		mustToken(t, src)
		// Fifty connections that are refused every second, as for lack of an access policy.
		for range 2 * 3600 {
			for range 50 {
				src.Reject(mustToken(t, src))
			}
			time.Sleep(time.Second)
		}
		// 0 s, 30 s, 1 min, 2, 4, 8, 10, 10, ... apart, each a plain call and one with claims.
		if n := cred.count(); n < 20 || n > 40 {
			t.Errorf("%d requests in two hours", n)
		}
		// A token that lives to its renewal ends that.
		time.Sleep(2 * life)
		before := cred.count()
		src.Reject(mustToken(t, src))
		synctest.Wait()
		if n := cred.count() - before; n != 2 {
			t.Errorf("%d requests for one rejection, want 2 at once", n)
		}
	})
}

func TestRejectionDuringAnOutageDoesNotHurryIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := during(func(c call) bool { return c.n > 1 }, failWith(refused(503, "120")))
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)
		src.Reject(tok)
		synctest.Wait()
		for range 110 {
			src.Reject(tok)
			time.Sleep(time.Second)
		}
		if n := cred.count(); n != 2 {
			t.Errorf("%d requests, want Retry-After to be obeyed", n)
		}
		if got := mustToken(t, src); got != tok {
			t.Error("lost a valid token")
		}
	})
}

func TestCredentialWithoutClaimsIsLookedAtAgainAfterRejection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := caching(func(call) error { return errDown }) // a plain error, without a request
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)
		src.Reject(tok)
		time.Sleep(10 * time.Second)
		src.Reject(tok)
		time.Sleep(19 * time.Second)
		if n := cred.count(); n != 3 {
			t.Errorf("%d requests, want the first, a plain one and one with claims", n)
		}
		time.Sleep(2 * time.Second)
		if calls := cred.seen(); len(calls) != 4 || calls[3].claims != "" {
			t.Errorf("%+v, want one plain more", calls)
		}
	})
}

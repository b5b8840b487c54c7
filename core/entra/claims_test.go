package entra_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

// A cachingCredential behaves as azidentity does: the same token until 5 minutes before its expiry,
// unless there are claims.
type cachingCredential struct {
	credential
	cached azcore.AccessToken
}

func caching(onClaims func(call) error) *cachingCredential {
	c := &cachingCredential{}
	c.answer = func(_ context.Context, got call) (azcore.AccessToken, error) {
		if got.claims != "" {
			if err := onClaims(got); err != nil {
				return azcore.AccessToken{}, err
			}
		} else if time.Until(c.cached.ExpiresOn) >= 5*time.Minute {
			return c.cached, nil
		}
		c.cached = mint(got, life)
		return c.cached, nil
	}
	return c
}

func TestRequestWithClaimsPassesTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := caching(func(call) error { return nil })
		src := newSource(t, cred, nil)
		mustToken(t, src)
		time.Sleep(life * 8 / 10)
		calls := cred.seen()
		if len(calls) != 3 || calls[1].claims != "" || calls[2].claims != "{}" {
			t.Fatalf("calls %+v, want a plain one and one with claims", calls)
		}
		if !calls[2].at.Equal(calls[1].at) {
			t.Errorf("the claims came %v later", calls[2].at.Sub(calls[1].at))
		}
		tok, _ := src.Latest()
		checkGap(t, "new token expires", calls[2].at, tok.ExpiresOn(), life, life)
	})
}

func TestCurrentTokenAgainChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("claims are not for me")
		cred := caching(func(call) error { return refused })
		src := newSource(t, cred, nil)
		mustToken(t, src)
		tok, superseded := src.Latest()
		time.Sleep(life - 5*time.Minute - time.Second)
		select {
		case <-superseded:
			t.Fatal("Latest announced a newer token")
		default:
		}
		if calls := cred.seen(); len(calls) != 3 {
			t.Fatalf("%d calls while the cache held, want 3: %+v", len(calls), calls)
		}
		if got := src.Status(); got.Err != nil || got.Failures != 0 || !got.Valid {
			t.Errorf("a cached token is trouble: %+v", got)
		}
		<-superseded
		calls := cred.seen()
		if len(calls) != 4 || calls[3].claims != "" {
			t.Errorf("calls %+v, want one plain one more", calls)
		}
		checkGap(t, "renewed before expiry", calls[3].at, tok.ExpiresOn(), 4*time.Minute, 299*time.Second)

		// No later request carries claims.
		time.Sleep(10 * life)
		for _, c := range cred.seen()[4:] {
			if c.claims != "" {
				t.Fatalf("claims once more: %+v", c)
			}
		}
	})
}

func TestClaimsAreTriedAgainAfterTheCredentialItselfWasRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		repaired := start.Add(2 * life)
		cred := caching(func(call) error { return nil })
		good := cred.answer
		cred.answer = func(ctx context.Context, c call) (azcore.AccessToken, error) {
			fromEntra := c.claims != "" || time.Until(cred.cached.ExpiresOn) < 5*time.Minute
			if c.n > 1 && fromEntra && c.at.Before(repaired) { // the secret has expired
				return azcore.AccessToken{}, refused(401, "")
			}
			return good(ctx, c)
		}
		src := newSource(t, cred, nil)
		mustToken(t, src)
		time.Sleep(time.Until(repaired) + 10*life)
		mustToken(t, src)
		calls := cred.seen()
		if last := calls[len(calls)-1]; last.claims == "" {
			t.Errorf("last call %+v, want one with claims", last)
		}
		if got := src.Status(); !got.Valid || got.Err != nil {
			t.Errorf("status %+v", got)
		}
	})
}

func TestTokenThatNeverGetsNewerCausesNoLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var only azcore.AccessToken
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			if c.n == 1 {
				only = mint(c, life)
			}
			return only, nil
		}}
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)
		time.Sleep(time.Until(tok.ExpiresOn()) - time.Nanosecond)
		if n := cred.count(); n < 20 || n > 100 {
			t.Errorf("%d calls in the life of one token", n)
		}
		var claims int
		for before, after := range pairs(cred.seen()) {
			if after.claims != "" {
				claims++
			} else if gap := after.at.Sub(before.at); gap < time.Second {
				t.Errorf("two calls within %v", gap)
			}
		}
		if claims != 1 {
			t.Errorf("%d calls with claims, want 1", claims)
		}
		if got := mustToken(t, src); got != tok {
			t.Error("lost a valid token")
		}
		time.Sleep(time.Minute)
		if got, _ := src.Latest(); !got.IsZero() {
			t.Errorf("expired token still there: %v", got)
		}
		if got := src.Status(); got.Valid || !errors.As(got.Err, new(*entra.RefreshError)) || !got.ExpiresOn.Equal(tok.ExpiresOn()) {
			t.Errorf("status %+v", got)
		}
	})
}

func TestTimeoutIsNoRefusalOfClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hung int
		cred := caching(nil)
		plain := cred.answer
		cred.answer = func(ctx context.Context, c call) (azcore.AccessToken, error) {
			if c.claims != "" && hung < 3 {
				hung++
				<-ctx.Done()
				return azcore.AccessToken{}, ctx.Err()
			}
			if c.claims != "" {
				cred.cached = mint(c, life)
				return cred.cached, nil
			}
			return plain(ctx, c)
		}
		src := newSource(t, cred, nil)
		mustToken(t, src)
		_, superseded := src.Latest()
		<-superseded
		var claims int
		for _, c := range cred.seen() {
			if c.claims != "" {
				claims++
			}
		}
		if claims != 4 {
			t.Errorf("%d calls with claims, want 3 that hung and one more", claims)
		}
		tok, _ := src.Latest()
		if remaining := time.Until(tok.ExpiresOn()); remaining != life {
			t.Errorf("a token that lives for %v", remaining)
		}
	})
}

func TestOtherTokenThatExpiresNoLaterChangesNothing(t *testing.T) {
	for name, shorter := range map[string]time.Duration{"same expiry": 0, "earlier expiry": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var expires time.Time
				cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
					tok := mint(c, life) // another secret each time
					if c.n == 1 {
						expires = tok.ExpiresOn
					} else {
						tok.ExpiresOn = expires.Add(-shorter)
					}
					return tok, nil
				}}
				src := newSource(t, cred, nil)
				tok := mustToken(t, src)
				_, superseded := src.Latest()
				time.Sleep(time.Until(tok.ExpiresOn()) - 2*time.Minute)
				if n := cred.count(); n < 3 {
					t.Fatalf("%d calls, so nothing was seen", n)
				}
				select {
				case <-superseded:
					t.Error("Latest announced a newer token")
				default:
				}
				if got := mustToken(t, src); got != tok {
					t.Errorf("%v, want the first token", got)
				}
				if got := src.Status(); got.Err != nil || got.Failures != 0 {
					t.Errorf("status %+v", got)
				}
			})
		})
	}
}

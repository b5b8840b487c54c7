package entra_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

type panickyError struct{}

func (panickyError) Error() string { return "harmless" }
func (panickyError) Is(error) bool { panic("in Is") }

// The Source and the process go on whatever the methods of an error do.
func TestErrorsThatPanicStopNothing(t *testing.T) {
	var typedNil *azcore.ResponseError
	for name, err := range map[string]error{"typed nil": typedNil, "panics": panickyError{}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := newSource(t, during(func(c call) bool { return c.n == 1 }, failWith(err)), nil)
				synctest.Wait()
				if got := src.Status(); got.Failures != 1 {
					t.Errorf("%+v", got)
				}
				mustToken(t, src)
			})
		})
	}
}

// A token is not served for longer than Entra issued it for, whatever its credential says.
func TestExpiryBeyondTheTokensOwnLifeIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			if c.n > 1 {
				return azcore.AccessToken{}, errDown
			}
			tok := mint(c, life)
			tok.ExpiresOn = c.at.Add(24 * time.Hour)
			return tok, nil
		}}
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)
		time.Sleep(life + time.Minute + time.Second)
		if now, _ := src.Latest(); now == tok {
			t.Error("still served")
		}
	})
}

// New tokens that are about to expire do not make a loop.
func TestTokensThatAreAboutToExpireMakeNoLoop(t *testing.T) {
	for _, remaining := range []time.Duration{10 * time.Millisecond, time.Second, 5 * time.Second} {
		t.Run(remaining.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
					c.at = c.at.Add(remaining - life)
					return mint(c, life), nil
				}}
				newSource(t, cred, nil)
				time.Sleep(time.Minute)
				if n := cred.count(); n > 61 {
					t.Errorf("%d requests in a minute", n)
				}
			})
		})
	}
}

func TestRefreshOnBeforeTheTokenWasIssuedIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			tok := mint(c, life)
			tok.RefreshOn = time.Unix(0, 0)
			return tok, nil
		}}
		newSource(t, cred, nil)
		time.Sleep(24 * time.Hour)
		if n := cred.count(); n > 28 {
			t.Errorf("%d requests in 24 hours", n)
		}
	})
}

// One odd answer to a request with claims counts for a day only.
func TestUselessClaimsAreTriedAgainAfterADay(t *testing.T) {
	for name, odd := range map[string]error{"the same token": nil, "a refusal": refused(400, ""), "a proxy's refusal": refused(403, "")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var cached azcore.AccessToken
				seen := false
				cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
					first := c.claims != "" && !seen
					seen = seen || first
					switch {
					case first && odd != nil:
						return azcore.AccessToken{}, odd
					case first, c.claims == "" && time.Until(cached.ExpiresOn) >= 5*time.Minute:
						return cached, nil
					}
					cached = mint(c, life)
					return cached, nil
				}}
				src := newSource(t, cred, nil)
				late, last := 0, mustToken(t, src)
				for range 7 * 24 * 60 {
					time.Sleep(time.Minute)
					synctest.Wait()
					if now := mustToken(t, src); now != last {
						if time.Until(last.ExpiresOn()) < 5*time.Minute {
							late++
						}
						last = now
					}
				}
				if late > 24 {
					t.Errorf("%d of a week's renewals in the last 5 minutes", late)
				}
			})
		})
	}
}

// A secret that no longer works shows at the renewal, also while a token is valid and the
// credential has it cached.
func TestRevokedSecretShowsAtTheRenewal(t *testing.T) {
	forRealCredentials(t, func(t *testing.T, sts *entratest.STS, cred azcore.TokenCredential) {
		src := newSource(t, cred, nil)
		mustToken(t, src)
		fault := sts.Inject(entratest.Fault{Status: 401})
		for fault.Hits() == 0 {
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got := src.Status(); got.Health != entra.HealthDegraded {
			t.Errorf("%s: %s", got.Health, got.Reason)
		}
	})
}

// Development servers have tokens that never change. Each later expiry makes a new Token, which
// connections get by AUTH.
func TestConstantTokenWithARollingExpiryKeepsWorking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			return azcore.AccessToken{Token: "development", ExpiresOn: c.at.Add(time.Hour)}, nil
		}}
		src := newSource(t, cred, &entra.Options{Username: "dev"})
		for range 3 * 24 {
			tok := mustToken(t, src)
			_, superseded := src.Latest()
			<-superseded
			if left := time.Until(tok.ExpiresOn()); left < 3*time.Minute {
				t.Errorf("replaced %v before the expiry", left)
			}
			if next := mustToken(t, src); next == tok || !next.ExpiresOn().After(tok.ExpiresOn()) {
				t.Errorf("%v follows %v", next, tok)
			}
		}
		if n := cred.count(); n > 3*24+2 {
			t.Errorf("%d requests for %d tokens", n, 3*24)
		}
	})
}

func TestExpiryInTheLastYearIsNoOverflow(t *testing.T) {
	for name, expiresOn := range map[string]time.Time{
		"year 9999": time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), "beyond": time.Unix(1<<55, 0),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
					return azcore.AccessToken{
						Token: jwt(map[string]any{"oid": objectID, "iat": c.at.Unix(), "exp": int64(253402300799)}), ExpiresOn: expiresOn,
					}, nil
				}}
				src := newSource(t, cred, nil)
				tok := mustToken(t, src)
				time.Sleep(30 * 24 * time.Hour)
				if got := src.Status(); mustToken(t, src) != tok || got.Health != entra.HealthReady || cred.count() != 1 {
					t.Errorf("%s after a month and %d requests: %s", got.Health, cred.count(), got.Reason)
				}
				if _, err := json.Marshal(src.Status()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

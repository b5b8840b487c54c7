package entra_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

// Real credentials return each of these with a nil error.
func unusable(c call) map[string]azcore.AccessToken {
	good := mint(c, life)
	return map[string]azcore.AccessToken{
		"empty":           {ExpiresOn: good.ExpiresOn},
		"expired":         {Token: good.Token, ExpiresOn: c.at},
		"expired before":  {Token: good.Token, ExpiresOn: c.at.Add(-10 * time.Minute)},
		"no expiry":       {Token: good.Token},
		"no JWT":          {Token: "EwBQA8l6BAAU", ExpiresOn: good.ExpiresOn},
		"without oid":     {Token: jwt(map[string]any{"sub": "user"}), ExpiresOn: good.ExpiresOn},
		"oid of a number": {Token: jwt(map[string]any{"oid": 7}), ExpiresOn: good.ExpiresOn},
	}
}

func TestUnusableTokensAreErrors(t *testing.T) {
	const late, nameless = "had expired when it came, by this machine's clock", "set Options.Username"
	remedies := map[string]string{
		"empty": "returned an empty token", "expired": late, "expired before": late, "no expiry": late,
		"no JWT": nameless, "without oid": nameless, "oid of a number": nameless,
	}
	for name := range unusable(call{}) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
					return unusable(c)[name], nil
				}}
				got, log := firstFailure(t, cred)
				if got.Kind != entra.KindMalformed {
					t.Errorf("%v, want a malformed token", got)
				}
				for _, text := range []string{got.Error(), log} {
					if want := remedies[name]; !strings.Contains(text, want) {
						t.Errorf("%q does not say %q", text, want)
					}
				}
				for text, part := range map[string]string{got.Error(): "expired for 10m0s", log: "expired_for=10m0s"} {
					if want := name == "expired before"; strings.Contains(text, part) != want {
						t.Errorf("%q says %q: %t, want %t", text, part, !want, want)
					}
				}
			})
		})
	}
}

func TestUnusableTokensDoNotReplaceTheCurrentOne(t *testing.T) {
	for name := range unusable(call{}) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var from, to time.Time
				cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
					if c.n == 1 {
						from, to = c.at, c.at.Add(life-2*time.Minute)
					} else if c.at.Before(to) {
						return unusable(c)[name], nil
					}
					return mint(c, life), nil
				}}
				src := newSource(t, cred, nil)
				first := mustToken(t, src)
				time.Sleep(time.Until(to) - time.Second)
				if got := mustToken(t, src); got != first {
					t.Error("lost the good token")
				}
				if got := src.Status(); got.Failures == 0 || !got.Valid {
					t.Errorf("status %+v", got)
				}
				_, superseded := src.Latest()
				<-superseded
				checkGap(t, "recovered", from, time.Now(), life-2*time.Minute, life-45*time.Second)
			})
		})
	}
}

func TestUsernameMakesTokensWithoutClaimsUsable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			return azcore.AccessToken{Token: "EwBQA8l6BAAU", ExpiresOn: c.at.Add(life)}, nil
		}}
		src := newSource(t, cred, &entra.Options{Username: "cache-user"})
		tok := mustToken(t, src)
		if username, password := tok.Credentials(); username != "cache-user" || password != "EwBQA8l6BAAU" {
			t.Errorf("%q %q", username, password)
		}
		if tok.Lifetime() != life {
			t.Errorf("life %v, want the time to the expiry", tok.Lifetime())
		}
	})
}

func TestLifeIsTakenFromTheTokensOwnClaims(t *testing.T) {
	for _, tt := range []struct {
		name     string
		iat, exp time.Duration // from now; 0 leaves the claim out
		until    time.Duration // the expiry that the credential names
		want     time.Duration
	}{
		{"fresh", -time.Second, life, life, life + time.Second},
		{"from a cache", -time.Hour, 15 * time.Minute, 15 * time.Minute, life},
		{"no exp", -time.Hour, 0, 15 * time.Minute, life},
		{"no iat", 0, life, 15 * time.Minute, 15 * time.Minute},
		{"this clock is slow", 10 * time.Minute, 10*time.Minute + life, life, life},
		{"this clock is fast", -10 * time.Minute, life - 10*time.Minute, life, life},
		{"absurd iat", -1000 * time.Hour, life, life, life},
		{"iat after the expiry", 2 * life, 0, life, life},
		{"exp before iat", 20 * time.Minute, 10 * time.Minute, life, life},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
					claims := map[string]any{"oid": objectID}
					if tt.iat != 0 {
						claims["iat"] = c.at.Add(tt.iat).Unix()
					}
					if tt.exp != 0 {
						claims["exp"] = c.at.Add(tt.exp).Unix()
					}
					return azcore.AccessToken{Token: jwt(claims), ExpiresOn: c.at.Add(tt.until)}, nil
				}}
				if got := mustToken(t, newSource(t, cred, nil)).Lifetime(); got != tt.want {
					t.Errorf("life %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// Some caches compute the expiry from the seconds that remain, by a clock of their own.
func TestSameTokenWithALaterExpiryIsNotNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var first azcore.AccessToken
		fresh := false
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			if c.n == 1 {
				first = mint(c, life)
			}
			if fresh {
				return mint(c, life), nil
			}
			return azcore.AccessToken{Token: first.Token, ExpiresOn: c.at.Add(life)}, nil
		}}
		src := newSource(t, cred, nil)
		tok, superseded := mustToken(t, src), changedOf(src)
		time.Sleep(time.Until(tok.ExpiresOn()) - time.Second)
		if n := cred.count(); n < 3 {
			t.Fatalf("%d calls, so the Source saw no later expiry", n)
		}
		select {
		case <-superseded:
			t.Error("the same token replaced itself")
		default:
		}
		if st := src.Status(); !st.Valid || st.Failures != 0 || !st.ExpiresOn.Equal(tok.ExpiresOn()) {
			t.Errorf("before the expiry: %+v", st)
		}
		time.Sleep(time.Minute)
		var refresh *entra.RefreshError
		ok := errors.As(src.Status().Err, &refresh)
		if src.Status().Valid || !ok || refresh.Kind != entra.KindMalformed {
			t.Errorf("after the expiry: %+v", src.Status())
		}
		fresh = true
		if got := mustToken(t, src); got == tok {
			t.Error("still the first token")
		}
	})
}

// changedOf returns the channel that Latest returns now.
func changedOf(src *entra.Source) <-chan struct{} {
	_, changed := src.Latest()
	return changed
}

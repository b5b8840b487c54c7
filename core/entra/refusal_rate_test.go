package entra_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

// mostInAnHour returns how many of the calls fall into the busiest hour.
func mostInAnHour(calls []call) (most int) {
	for i, first := range calls {
		n := 0
		for _, c := range calls[i:] {
			if c.at.Sub(first.at) < time.Hour {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// Entra counts the requests of a program, whatever the lifetime of the tokens that the program had
// before.
func TestRejectionsAreFewWhateverTheTokenBefore(t *testing.T) {
	withoutClaims := func(lifetime time.Duration) func(call) azcore.AccessToken {
		return func(c call) azcore.AccessToken {
			return azcore.AccessToken{Token: "opaque", ExpiresOn: c.at.Add(lifetime)}
		}
	}
	for name, first := range map[string]func(call) azcore.AccessToken{
		"5 minutes":                     func(c call) azcore.AccessToken { return mint(c, 5*time.Minute) },
		"10 minutes":                    func(c call) azcore.AccessToken { return mint(c, 10*time.Minute) },
		"without claims, for 2 seconds": withoutClaims(2 * time.Second),
	} {
		for _, waits := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
						if c.n == 1 {
							return first(c), nil
						}
						return azcore.AccessToken{}, refused(401, "")
					}}
					src := newSource(t, cred, &entra.Options{Username: "user"})
					time.Sleep(time.Until(mustToken(t, src).ExpiresOn()))
					if waits {
						_ = within(t, src, 3*time.Hour)
					} else {
						time.Sleep(3 * time.Hour)
					}
					if n := mostInAnHour(cred.seen()); n > schedule.RejectedPerHour {
						t.Errorf("waits %v: %d in an hour", waits, n)
					}
				})
			})
		}
	}
}

// Rejections of different kinds by turns, those of claims included, count together.
func TestRejectionsOfDifferentKindsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plain := 0
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			if c.claims != "" {
				return azcore.AccessToken{}, refused(400, "")
			}
			if plain++; plain%2 == 0 {
				return azcore.AccessToken{}, refused(401, "")
			}
			return azcore.AccessToken{Token: "opaque", ExpiresOn: c.at.Add(life)}, nil
		}}
		src := newSource(t, cred, nil)
		_ = within(t, src, 12*time.Hour)
		if n := mostInAnHour(cred.seen()); n > schedule.RejectedPerHour {
			t.Errorf("%d in an hour", n)
		}
	})
}

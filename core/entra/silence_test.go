package entra_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/internal/impatience"
)

// slow returns a credential that takes so long for each token.
func slow(d time.Duration) *credential {
	return &credential{answer: func(ctx context.Context, c call) (azcore.AccessToken, error) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return azcore.AccessToken{}, ctx.Err()
		}
		c.at = time.Now()
		return mint(c, life), nil
	}}
}

// rejectedAfter returns a credential that Entra rejects so long after each call.
func rejectedAfter(d time.Duration) *credential {
	return during(func(call) bool { return true }, func(context.Context, call) error {
		time.Sleep(d)
		return refused(401, "")
	})
}

func TestLongSilenceIsLoggedOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		cred *credential
		want string // the levels of a minute
	}{
		"answers after 2 s":  {slow(2 * time.Second), ""},
		"answers after 4 s":  {slow(4 * time.Second), "WARN INFO"},
		"answers after 29 s": {slow(29 * time.Second), "WARN INFO"},
		"never answers":      {hanging(), "WARN ERROR"},
		"is rejected":        {rejectedAfter(time.Second), "ERROR"},
		"is rejected late":   {rejectedAfter(10 * time.Second), "WARN ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log levelLog
				newSource(t, tt.cred, &entra.Options{Logger: log.logger()})
				time.Sleep(2999 * time.Millisecond)
				if early := log.levels(); early != "" && early != tt.want {
					t.Errorf("before 3 seconds: %q", early)
				} else {
					time.Sleep(time.Minute)
					if got := early + log.levels(); got != tt.want {
						t.Errorf("%q, want %q", got, tt.want)
					}
				}
			})
		})
	}
}

// While a token is valid, a slow credential is no trouble. When the token expires, it is at once.
func TestSilenceCountsOnlyWithoutAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log levelLog
		good := minting(life).answer
		cred := &credential{answer: func(ctx context.Context, c call) (azcore.AccessToken, error) {
			if c.n > 1 {
				<-ctx.Done()
				return azcore.AccessToken{}, ctx.Err()
			}
			return good(ctx, c)
		}}
		src := newSource(t, cred, &entra.Options{Logger: log.logger(), AttemptTimeout: -1})
		tok := mustToken(t, src)
		time.Sleep(time.Until(tok.ExpiresOn()) - time.Millisecond)
		if got := log.levels(); got != "" || cred.count() != 2 {
			t.Errorf("%q with a valid token, %d calls", got, cred.count())
		}
		time.Sleep(time.Second)
		if got := log.levels(); got != "WARN" {
			t.Errorf("%q after the expiry", got)
		}
	})
}

// An impatient caller hears a reason as soon as it is known. It waits a second if the reason may pass or was known before.
func TestReasonIsToldAtOnce(t *testing.T) {
	const longest = 5 * time.Second
	for name, tt := range map[string]struct {
		cred  *credential
		waits []time.Duration // of callers one after the other
		kind  entra.Kind
	}{
		"rejected":       {rejectedAfter(10 * time.Millisecond), []time.Duration{10 * time.Millisecond, time.Second, time.Second}, entra.KindRejected},
		"rejected late":  {rejectedAfter(4 * time.Second), []time.Duration{3 * time.Second, time.Second, time.Second}, entra.KindTimedOut},
		"never answers":  {hanging(), []time.Duration{3 * time.Second, time.Second, time.Second}, entra.KindTimedOut},
		"no network":     {during(func(call) bool { return true }, failWith(errDown)), []time.Duration{time.Second, time.Second}, entra.KindNetwork},
		"is in time":     {slow(2900 * time.Millisecond), []time.Duration{2900 * time.Millisecond, 0}, ""},
		"is not in time": {slow(3500 * time.Millisecond), []time.Duration{3 * time.Second, time.Second / 2, 0}, entra.KindTimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := newSource(t, tt.cred, nil)
				for i, want := range tt.waits {
					began := time.Now()
					_, err := src.Token(impatience.With(t.Context(), longest))
					if took := time.Since(began); took != want {
						t.Errorf("caller %d waited %v, want %v: %v", i+1, took, want, err)
					}
					var refresh *entra.RefreshError
					failed := errors.As(err, &refresh)
					if failed != (err != nil) || errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("caller %d got %v, want a *RefreshError alone", i+1, err)
					}
					if i == 0 && failed != (tt.kind != "") || i == 0 && failed && refresh.Kind != tt.kind {
						t.Errorf("caller %d got %v, want %s", i+1, err, tt.kind)
					}
				}
			})
		})
	}
}

// Patience ends with the caller's context, and with Close.
func TestImpatientCallerGivesUpSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(t, hanging(), nil)
		const longest = 2 * time.Second
		began := time.Now()
		if _, err := src.Token(impatience.With(t.Context(), longest)); time.Since(began) != 2*time.Second || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if _, err := src.Token(impatience.With(ctx, longest)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		time.AfterFunc(time.Millisecond, func() { _ = src.Close() })
		if _, err := src.Token(impatience.With(t.Context(), longest)); !errors.Is(err, entra.ErrClosed) {
			t.Errorf("%v", err)
		}
	})
}

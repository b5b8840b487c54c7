package entra_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraredis/entraredis/core/entra"
)

func TestRefusesNilCredential(t *testing.T) {
	var typedNil *azidentity.DefaultAzureCredential
	for name, cred := range map[string]azcore.TokenCredential{"nil": nil, "typed nil": typedNil} {
		src, err := entra.NewSource(cred, nil)
		if src != nil {
			t.Errorf("%s: a Source", name)
		}
		var config *entra.ConfigError
		if !errors.As(err, &config) || config.Field != "cred" || config.Reason == "" {
			t.Errorf("%s: %v, want a ConfigError for cred", name, err)
		}
	}
}

func TestReturnsAUsableToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cred := minting(life)
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)

		username, password := tok.Credentials()
		if username != objectID || tok.Username() != objectID {
			t.Errorf("user name %q, want the oid", username)
		}
		if want := mint(call{n: 1, at: start}, life).Token; password != want {
			t.Errorf("password %q, want the token", password)
		}
		if !tok.ExpiresOn().Equal(start.Add(life)) || tok.Lifetime() != life || !tok.RenewBy().Equal(start.Add(life-3*time.Minute)) {
			t.Errorf("expires %v, life %v, renew by %v", tok.ExpiresOn(), tok.Lifetime(), tok.RenewBy())
		}
		if got := cred.seen()[0]; got.scope != entra.DefaultScope || got.claims != "" {
			t.Errorf("asked for %+v", got)
		}
		if got := src.Status(); !got.Valid || got.Err != nil || got.Closed || !got.ExpiresOn.Equal(tok.ExpiresOn()) || !got.NextAttempt.After(start) {
			t.Errorf("status %+v", got)
		}
	})
}

func TestScopeAndUsernameAreTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := minting(life)
		src := newSource(t, cred, &entra.Options{Scope: "acca5fbb-b7e4-4009-81f1-37e38fd66d78/.default", Username: "cache-user"})
		if got := mustToken(t, src).Username(); got != "cache-user" {
			t.Errorf("user name %q", got)
		}
		if got := cred.seen()[0].scope; got != "acca5fbb-b7e4-4009-81f1-37e38fd66d78/.default" {
			t.Errorf("scope %q", got)
		}
	})
}

func TestFiftyColdCallersCauseOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := minting(life)
		answer := cred.answer
		cred.answer = func(ctx context.Context, c call) (azcore.AccessToken, error) {
			time.Sleep(time.Second)
			return answer(ctx, c)
		}
		src := newSource(t, cred, nil)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := src.Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := cred.count(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestValidTokenIsServedWhateverTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(t, minting(life), nil)
		want := mustToken(t, src)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := src.Token(ctx); err != nil || got != want {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(t, hanging(), nil)
		err := within(t, src, 5*time.Second)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the context's error", err)
		}
		var refresh *entra.RefreshError
		if !errors.As(err, &refresh) || refresh.Kind != entra.KindTimedOut || refresh.Attempt != 1 || !refresh.RetryAt.IsZero() || src.Status().Err != nil {
			t.Errorf("%v, want it to tell of the attempt under way", err)
		}
		if text := err.Error(); !strings.HasPrefix(text, "entra: no new token: timed_out (attempt 1 is under way): ") ||
			!strings.HasSuffix(text, "; context deadline exceeded after waiting 5s for a token") {
			t.Errorf("%q: want the cause first, the time last", text)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		_, err = src.Token(ctx)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want the context's error", err)
		}
		refresh = nil
		if !errors.As(err, &refresh) || refresh.Kind != entra.KindTimedOut || refresh.RetryAt.IsZero() {
			t.Errorf("%v, want the failure to be told", err)
		}
	})
}

// hanging returns a credential that only returns when its context ends.
func hanging() *credential {
	return &credential{answer: func(ctx context.Context, _ call) (azcore.AccessToken, error) {
		<-ctx.Done()
		return azcore.AccessToken{}, ctx.Err()
	}}
}

func TestLatestAnnouncesNewerTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := minting(life)
		cred.answer = delayed(time.Second, cred.answer)
		src := newSource(t, cred, nil)
		none, first := src.Latest()
		if !none.IsZero() {
			t.Errorf("%v before the first", none)
		}
		<-first
		seen := map[entra.Token]bool{}
		tok, superseded := src.Latest()
		for range 5 {
			if tok.IsZero() || seen[tok] {
				t.Fatalf("not a new token: %v", tok)
			}
			seen[tok] = true
			if again, _ := src.Latest(); again != tok {
				t.Errorf("%v, then %v", tok, again)
			}
			old := tok
			<-superseded
			if time.Now().After(old.RenewBy()) {
				t.Errorf("replaced %v after RenewBy", time.Since(old.RenewBy()))
			}
			tok, superseded = src.Latest()
		}
	})
}

func TestCloseWakesEveryCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(t, hanging(), nil)
		_, superseded := src.Latest()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := src.Token(t.Context()); !errors.Is(err, entra.ErrClosed) {
					t.Errorf("%v, want ErrClosed", err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		for range 2 {
			if err := src.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		wg.Wait()
		<-superseded
		if d := time.Since(start); d != 0 {
			t.Errorf("Close took %v", d)
		}
		if got := src.Status(); !got.Closed || got.Valid {
			t.Errorf("status %+v", got)
		}
	})
}

func TestClosedSourceReturnsErrClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := minting(life)
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { _ = src.Close() })
		}
		wg.Wait()
		if got, err := src.Token(t.Context()); !errors.Is(err, entra.ErrClosed) || !got.IsZero() {
			t.Errorf("Token: %v, %v", got, err)
		}
		latest, superseded := src.Latest()
		if !latest.IsZero() {
			t.Errorf("Latest: %v", latest)
		}
		<-superseded
		src.Reject(tok)
		time.Sleep(24 * time.Hour)
		if n := cred.count(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestCloseDoesNotWaitForACredentialThatIgnoresIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		cred := &credential{answer: func(context.Context, call) (azcore.AccessToken, error) {
			<-release
			return azcore.AccessToken{}, errors.New("at last")
		}}
		src := newSource(t, cred, nil)
		synctest.Wait()
		start := time.Now()
		_ = src.Close()
		checkGap(t, "Close returned", start, time.Now(), 0, time.Second)
		close(release) // the bubble fails if that goroutine stays
	})
}

func TestStartsWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		src := newSource(t, hanging(), nil)
		if got := src.Status(); got.Valid || got.Err != nil || !got.NextAttempt.Equal(start) {
			t.Errorf("status %+v", got)
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("NewSource took %v", d)
		}
	})
}

package entra_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

func TestEveryAttemptHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := during(func(c call) bool { return c.n == 1 }, func(ctx context.Context, _ call) error {
			<-ctx.Done()
			return ctx.Err()
		})
		src := newSource(t, cred, nil)
		start := time.Now()
		mustToken(t, src)
		checkGap(t, "token", start, time.Now(), 30*time.Second, 33*time.Second)
	})
}

func TestStuckAttemptIsAbandonedAndItsLateTokenUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := during(func(c call) bool { return c.n > 1 }, failWith(errDown))
		working := cred.answer
		cred.answer = func(ctx context.Context, c call) (azcore.AccessToken, error) {
			if c.n == 1 {
				time.Sleep(5 * time.Minute) // whatever its context says
				c.at = time.Now()
			}
			return working(ctx, c)
		}
		src := newSource(t, cred, nil)
		start := time.Now()
		err := within(t, src, time.Minute)
		var got *entra.RefreshError
		if !errors.As(err, &got) || got.Kind != entra.KindNetwork || got.Attempt < 2 {
			t.Errorf("%v, want others to have been tried", err)
		}
		mustToken(t, src)
		checkGap(t, "late token", start, time.Now(), 5*time.Minute, 5*time.Minute)
		if got := src.Status(); got.Failures != 0 || !got.Valid {
			t.Errorf("status %+v", got)
		}
	})
}

func TestLateTokenEndsTheAttemptThatFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := &credential{answer: func(ctx context.Context, c call) (azcore.AccessToken, error) {
			switch c.n {
			case 1:
				time.Sleep(45 * time.Second) // past its deadline and its grace
				c.at = time.Now()
			case 2:
				<-ctx.Done()
				return azcore.AccessToken{}, ctx.Err()
			}
			return mint(c, life), nil
		}}
		src := newSource(t, cred, nil)
		start := time.Now()
		tok := mustToken(t, src)
		checkGap(t, "late token", start, time.Now(), 45*time.Second, 45*time.Second)
		time.Sleep(time.Minute)
		if got := src.Status(); got.Failures != 0 || got.Err != nil || mustToken(t, src) != tok || cred.count() != 2 {
			t.Errorf("%d calls, status %+v", cred.count(), got)
		}
		time.Sleep(life * 9 / 10) // the next renewal is due by then, and never the one after it
		if n := cred.count(); n != 3 {
			t.Errorf("%d calls, want the next at the renewal", n)
		}
	})
}

func TestStuckAttemptsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		cred := during(func(c call) bool { return c.n <= 8 }, func(context.Context, call) error {
			<-release
			return errDown
		})
		src := newSource(t, cred, nil)
		_ = within(t, src, 24*time.Hour)
		if n := cred.count(); n != 8 {
			t.Errorf("%d attempts stuck, want 8", n)
		}
		close(release)
		mustToken(t, src)
	})
}

func TestCredentialThatEndsItsGoroutineIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := minting(life).answer
		cred := &credential{answer: func(ctx context.Context, c call) (azcore.AccessToken, error) {
			if c.n == 1 {
				runtime.Goexit() // as t.FailNow does in a credential made for a test
			}
			return good(ctx, c)
		}}
		src := newSource(t, cred, nil)
		mustToken(t, src)
	})
}

func TestAttemptTimeoutBoundsAnAttempt(t *testing.T) {
	for name, tt := range map[string]struct {
		timeout, first time.Duration
	}{
		"default": {0, 30 * time.Second},
		"shorter": {5 * time.Second, 5 * time.Second},
		"longer":  {10 * time.Minute, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cred := hanging()
				src := newSource(t, cred, &entra.Options{AttemptTimeout: tt.timeout})
				time.Sleep(tt.first - time.Millisecond)
				if n, failed := cred.count(), src.Status().Failures; n != 1 || failed != 0 {
					t.Errorf("%d calls, %d failed before the timeout", n, failed)
				}
				time.Sleep(time.Millisecond)
				synctest.Wait()
				var got *entra.RefreshError
				if !errors.As(src.Status().Err, &got) || got.Kind != entra.KindTimedOut {
					t.Errorf("after the timeout: %v", src.Status().Err)
				}
			})
		})
	}
}

// A person gets one prompt for each token, however long the answer takes.
func TestCredentialThatAsksAPersonAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := slow(20 * time.Minute)
		src := newSource(t, cred, &entra.Options{AttemptTimeout: -1})
		for range 50 { // callers give up and come again
			if err := within(t, src, 5*time.Second); err == nil {
				t.Fatal("a token before the person has answered")
			}
		}
		tok := mustToken(t, src)
		if n := cred.count(); n != 1 {
			t.Errorf("%d prompts for the first token", n)
		}
		_, superseded := src.Latest()
		<-superseded
		if left := time.Until(tok.ExpiresOn()); cred.count() != 2 || left < -20*time.Minute {
			t.Errorf("%d prompts for two tokens, the second %v before the expiry of the first", cred.count(), left)
		}
	})
}

// Nor does a server that refuses each token have a person asked again and again.
func TestRefusalsHaveAPersonAskedOnce(t *testing.T) {
	for name, refuse := range map[string]func(r redisServer, tok entra.Token){
		"by the program":         func(r redisServer, tok entra.Token) { r.src.Reject(tok) },
		"by the library":         func(r redisServer, tok entra.Token) { r.refuses(tok) },
		"by both, one by one":    func(r redisServer, tok entra.Token) { r.refuses(tok); r.src.Reject(tok) },
		"by both, the other way": func(r redisServer, tok entra.Token) { r.src.Reject(tok); r.refuses(tok) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cred := slow(20 * time.Second)
				refreshes := map[entra.RefreshTrigger]int{}
				src := newSource(t, cred, &entra.Options{AttemptTimeout: -1, Observer: &entra.Observer{
					RefreshStart: func(ctx context.Context, i entra.RefreshStartInfo) context.Context {
						refreshes[i.Trigger]++
						return ctx
					},
				}})
				server := redisServer{t, src, "a:1"}
				for range 6 * 3600 / 5 {
					refuse(server, mustToken(t, src))
					time.Sleep(5 * time.Second)
				}
				forced, regular := refreshes[entra.TriggerForced], refreshes[entra.TriggerScheduled]
				if forced == 0 || forced > regular+1 || regular > 12 || cred.count() != 1+forced+regular {
					t.Errorf("%d prompts, of which %d for a refused token; %d tokens were renewed in time", cred.count(), forced, regular)
				}
			})
		})
	}
}

func TestCloseEndsAnAttemptWithoutTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		cred := &credential{answer: func(ctx context.Context, _ call) (azcore.AccessToken, error) {
			<-ctx.Done()
			ended <- ctx.Err()
			return azcore.AccessToken{}, ctx.Err()
		}}
		src := newSource(t, cred, &entra.Options{AttemptTimeout: -1})
		time.Sleep(24 * time.Hour)
		began := time.Now()
		_ = src.Close()
		if time.Since(began) > 0 || cred.count() != 1 || !errors.Is(<-ended, context.Canceled) {
			t.Errorf("%d calls, Close took %v", cred.count(), time.Since(began))
		}
	})
}

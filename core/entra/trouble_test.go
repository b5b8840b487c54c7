package entra_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

// A switched credential fails while it is off.
type switched struct {
	credential
	off atomic.Bool
}

func newSwitched() *switched {
	c := &switched{}
	c.answer = func(_ context.Context, got call) (azcore.AccessToken, error) {
		if c.off.Load() {
			return azcore.AccessToken{}, errDown
		}
		return mint(got, life), nil
	}
	return c
}

// A levelLog keeps the levels of what is logged.
type levelLog struct {
	mu  sync.Mutex
	got []string
}

func (l *levelLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, rest, _ := strings.Cut(string(line), "level=")
	level, _, _ := strings.Cut(rest, " ")
	l.got = append(l.got, level)
	return len(line), nil
}

func (l *levelLog) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// levels returns the levels of the lines since it was last called.
func (l *levelLog) levels() string {
	synctest.Wait() // for the goroutine that writes
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.got = nil }()
	return strings.Join(l.got, " ")
}

func TestOutageAfterARejectIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log levelLog
		cred := newSwitched()
		src := newSource(t, cred, &entra.Options{Logger: log.logger()})
		src.Reject(mustToken(t, src))
		time.Sleep(time.Minute)
		if got := log.levels(); got != "WARN" {
			t.Errorf("after the refusal: %q", got)
		}
		cred.off.Store(true)
		time.Sleep(time.Until(src.Status().NextAttempt) + 5*time.Minute)
		if got := log.levels(); got != "WARN" {
			t.Errorf("after 5 minutes of outage: %q", got)
		}
	})
}

func TestOutageThatBeganWithARejectIsLoggedToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log levelLog
		cred := newSwitched()
		src := newSource(t, cred, &entra.Options{Logger: log.logger()})
		tok := mustToken(t, src)
		cred.off.Store(true)
		src.Reject(tok)
		time.Sleep(life + time.Minute)
		cred.off.Store(false)
		mustToken(t, src)
		if got := log.levels(); got != "WARN WARN ERROR INFO" {
			t.Errorf("refused, down, expired, over: %q", got)
		}
		cred.off.Store(true)
		time.Sleep(2 * life)
		if got := log.levels(); got != "WARN ERROR" {
			t.Errorf("the next outage: %q", got)
		}
	})
}

// The line that wakes an operator says by itself what is wrong and when the Source tries next.
func TestExpiryIsLoggedWithItsReason(t *testing.T) {
	answered := &azcore.ResponseError{StatusCode: 401, RawResponse: &http.Response{
		StatusCode: 401, Request: &http.Request{URL: &url.URL{Host: "login.microsoftonline.com"}},
	}}
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			answer func(call) error
			want   []string
		}{
			"rejected": {func(call) error { return fmt.Errorf("AADSTS7000222: The secret has expired: %w", answered) },
				[]string{"kind=rejected", "status=401", "host=login.microsoftonline.com", "code=AADSTS7000222", "reason=\"the client secret has expired"}},
			"no network":     {func(call) error { return errDown }, []string{"kind=network", "reason=\"no usable answer from Microsoft Entra"}},
			"the same token": {nil, []string{"reason=\"the credential keeps returning the current token\""}},
		} {
			var log textLog
			var first azcore.AccessToken
			cred := &credential{}
			cred.answer = func(_ context.Context, c call) (azcore.AccessToken, error) {
				if first.Token == "" {
					first = mint(c, life)
					return first, nil
				}
				if tt.answer == nil {
					return first, nil
				}
				return azcore.AccessToken{}, tt.answer(c)
			}
			src := newSource(t, cred, &entra.Options{Logger: log.logger()})
			tok := mustToken(t, src)
			time.Sleep(time.Until(tok.ExpiresOn()) - time.Nanosecond)
			failures, next := src.Status().Failures, tok.ExpiresOn() // a credential that does not fail is asked again then
			time.Sleep(time.Nanosecond)
			expired := log.String()
			if tt.answer != nil {
				next = src.Status().NextAttempt
			}
			_, line, found := strings.Cut(expired, "level=ERROR msg=\"entra: the token expired and was not renewed")
			if !found {
				t.Errorf("%s: no error in\n%s", name, expired)
				continue
			}
			want := append(tt.want, fmt.Sprintf("failures=%d ", failures), "retry_at="+next.Format("2006-01-02T15:04:05"),
				"expired_on="+tok.ExpiresOn().Format("2006-01-02T15:04:05"))
			for _, part := range want {
				if !strings.Contains(line, part) {
					t.Errorf("%s: %q does not say %s", name, line, part)
				}
			}
			_ = src.Close()
		}
	})
}

// A program that is refused with every token has one line in the log for each.
func TestRejectedTokensAreLoggedOnceEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log levelLog
		src := newSource(t, minting(life), &entra.Options{Logger: log.logger()})
		rejected := map[entra.Token]bool{}
		for range 30 {
			for range 3 {
				tok := mustToken(t, src)
				rejected[tok] = true
				src.Reject(tok)
			}
			time.Sleep(time.Minute)
		}
		if got := strings.Fields(log.levels()); len(got) != len(rejected) || slices.Contains(got, "INFO") {
			t.Errorf("%d tokens were rejected, the log has %q", len(rejected), got)
		}
		time.Sleep(2 * life) // tokens live to their renewal again
		if got := log.levels(); got != "" {
			t.Errorf("afterwards: %q", got)
		}
	})
}

func TestRejectThatBringsNothingKeepsTheRegularRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cached azcore.AccessToken
		cred := &credential{}
		cred.answer = func(_ context.Context, c call) (azcore.AccessToken, error) {
			if c.claims != "" {
				return azcore.AccessToken{}, refused(400, "")
			}
			if cached.Token == "" || !c.at.Before(cached.RefreshOn) {
				cached = mint(c, life)
				cached.RefreshOn = c.at.Add(life / 2)
			}
			return cached, nil
		}
		src := newSource(t, cred, nil)
		tok := mustToken(t, src)
		planned := src.Status().NextAttempt
		time.Sleep(time.Minute)
		src.Reject(tok)
		time.Sleep(time.Minute)
		if got := src.Status().NextAttempt; !got.Equal(planned) {
			t.Errorf("renewal moved by %v", got.Sub(planned))
		}
	})
}

func TestRejectIsNotLostAfterOneOfTheTokenBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(t, &credential{answer: delayed(50*time.Millisecond, minting(life).answer)}, nil)
		first := mustToken(t, src)
		_, changed := src.Latest()
		time.Sleep(time.Until(src.Status().NextAttempt) + 20*time.Millisecond)
		src.Reject(first) // while the second token is on its way
		<-changed
		second := mustToken(t, src)
		src.Reject(second)
		time.Sleep(10 * time.Second)
		if now := mustToken(t, src); now == second {
			t.Error("the second token is still current")
		}
	})
}

package entra_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

// checkStatus fails the test unless the status is in order and its reason holds the given words.
func checkStatus(t testing.TB, src *entra.Source, want entra.Health, valid bool, words ...string) {
	t.Helper()
	got := src.Status()
	if got.Health != want || got.Valid != valid {
		t.Errorf("%s, valid %v, want %s, %v: %s", got.Health, got.Valid, want, valid, got.Reason)
	}
	for _, w := range words {
		if !strings.Contains(got.Reason, w) {
			t.Errorf("%q does not say %q", got.Reason, w)
		}
	}
	text, err := json.Marshal(got)
	if err != nil || strings.Contains(string(text), secretMark) {
		t.Errorf("as JSON: %s, %v", text, err)
	}
}

func TestStatusDuringAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is 2000-01-01 00:00:00 UTC
		start := time.Now()
		back := start.Add(3 * time.Hour)
		cred := during(func(c call) bool { return c.n > 1 && c.at.Before(back) }, failWith(refused(503, "")))
		cred.answer = delayed(time.Second, cred.answer)
		src := newSource(t, cred, nil)
		checkStatus(t, src, entra.HealthStarting, false, "waiting for the first token")
		time.Sleep(2 * time.Second)
		checkStatus(t, src, entra.HealthReady, true, "good until 2000-01-01T01:15:", "asked for at 2000-01-01T00:")
		time.Sleep(life*8/10 + time.Minute)
		checkStatus(t, src, entra.HealthDegraded, true, "good until 2000-01-01T01:15:", "HTTP 503", "next at 2000-01-01T01:")
		time.Sleep(life)
		checkStatus(t, src, entra.HealthExpired, false, "expired at 2000-01-01T01:15:", "HTTP 503")
		time.Sleep(time.Until(back) + 17*time.Second)
		checkStatus(t, src, entra.HealthReady, true)
		_ = src.Close()
		checkStatus(t, src, entra.HealthClosed, false, "closed")
	})
}

func TestStatusWithoutAFirstToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(t, during(func(call) bool { return true }, failWith(refused(401, ""))), nil)
		time.Sleep(time.Second)
		checkStatus(t, src, entra.HealthExpired, false, "no token yet", "HTTP 401", "check its secret")
	})
}

func TestStatusSaysThatAServerRefusedTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := caching(func(call) error { return refused(400, "") })
		src := newSource(t, cred, nil)
		src.Reject(mustToken(t, src))
		synctest.Wait()
		checkStatus(t, src, entra.HealthDegraded, true, "a Redis server refused it", "access policy assignment")
		if got := src.Status(); !got.Rejected {
			t.Errorf("%+v", got)
		}
		_, superseded := src.Latest()
		<-superseded
		synctest.Wait()
		checkStatus(t, src, entra.HealthReady, true)
	})
}

func TestOverdueRenewalIsTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		only := mint(call{n: 1, at: time.Now()}, life)
		cred := &credential{answer: func(context.Context, call) (azcore.AccessToken, error) { return only, nil }}
		src := newSource(t, cred, &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		tok := mustToken(t, src)
		time.Sleep(time.Until(tok.RenewBy()) - time.Second)
		checkStatus(t, src, entra.HealthReady, true)
		time.Sleep(12 * time.Second) // looks are 10 seconds apart by then
		checkStatus(t, src, entra.HealthDegraded, true, "renewal is overdue")
		synctest.Wait() // for the log
		if n := strings.Count(log.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings:\n%s", n, &log)
		}
	})
}

func TestAnotherIdentityIsFollowedWithAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			tok := mint(c, life)
			if c.n > 1 {
				tok.Token = jwt(map[string]any{"oid": "another-user", "n": c.n})
			}
			return tok, nil
		}}
		src := newSource(t, cred, &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		mustToken(t, src)
		time.Sleep(3 * life)
		if got := mustToken(t, src).Username(); got != "another-user" {
			t.Errorf("user name %q", got)
		}
		synctest.Wait() // for the log
		if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "is=another-user") {
			t.Errorf("log:\n%s", text)
		}
	})
}

// delayed returns a credential whose answers take some time.
func delayed(d time.Duration, answer func(context.Context, call) (azcore.AccessToken, error)) func(context.Context, call) (azcore.AccessToken, error) {
	return func(ctx context.Context, c call) (azcore.AccessToken, error) {
		time.Sleep(d)
		return answer(ctx, c)
	}
}

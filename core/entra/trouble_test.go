package entra_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
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

// levels returns those of the log's lines, in order, and empties it.
func levels(log *bytes.Buffer) string {
	synctest.Wait() // for whoever is writing
	var got []string
	for line := range strings.Lines(log.String()) {
		_, rest, _ := strings.Cut(line, "level=")
		level, _, _ := strings.Cut(rest, " ")
		got = append(got, level)
	}
	log.Reset()
	return strings.Join(got, " ")
}

func TestOutageAfterARejectIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cred := newSwitched()
		src := newSource(t, cred, &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		src.Reject(mustToken(t, src))
		time.Sleep(time.Minute)
		if got := levels(&log); got != "WARN" {
			t.Errorf("after the refusal: %q", got)
		}
		cred.off.Store(true)
		time.Sleep(time.Until(src.Status().NextAttempt) + 5*time.Minute)
		if got := levels(&log); got != "WARN" {
			t.Errorf("after 5 minutes of outage: %q", got)
		}
	})
}

func TestOutageThatBeganWithARejectIsLoggedToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cred := newSwitched()
		src := newSource(t, cred, &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		tok := mustToken(t, src)
		cred.off.Store(true)
		src.Reject(tok)
		time.Sleep(life + time.Minute)
		cred.off.Store(false)
		mustToken(t, src)
		if got := levels(&log); got != "WARN WARN ERROR INFO" {
			t.Errorf("refused, down, expired, over: %q", got)
		}
		cred.off.Store(true)
		time.Sleep(2 * life)
		if got := levels(&log); got != "WARN ERROR" {
			t.Errorf("the next outage: %q", got)
		}
	})
}

// A server that refuses one token after the other is one trouble, not one for each token.
func TestServerThatRefusesEveryTokenIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		src := newSource(t, minting(life), &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for range 30 {
			src.Reject(mustToken(t, src))
			time.Sleep(time.Minute)
		}
		if got := levels(&log); got != "WARN" {
			t.Errorf("%q", got)
		}
		time.Sleep(2 * life) // tokens live to their renewal again
		if got := levels(&log); got != "INFO" {
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

func TestRejectIsNotLostBehindOneOfTheTokenBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &entra.Observer{
			AttemptDone: func(context.Context, entra.AttemptDoneInfo) { time.Sleep(50 * time.Millisecond) },
			RefreshDone: func(context.Context, entra.RefreshDoneInfo) { time.Sleep(50 * time.Millisecond) },
		}
		src := newSource(t, minting(life), &entra.Options{Observer: slow})
		first := mustToken(t, src)
		_, changed := src.Latest()
		time.Sleep(time.Until(src.Status().NextAttempt) + 20*time.Millisecond)
		src.Reject(first) // while the renewer is in AttemptDone
		<-changed
		second := mustToken(t, src)
		src.Reject(second) // while it is in RefreshDone
		time.Sleep(10 * time.Second)
		if now := mustToken(t, src); now == second {
			t.Error("the second token is still current")
		}
	})
}

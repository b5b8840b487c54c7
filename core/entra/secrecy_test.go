package entra_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/internal/leaks"
)

// mustHide fails the test if any way of printing a value shows a piece of a secret.
func mustHide(t *testing.T, name string, v any, secrets ...string) {
	t.Helper()
	finder := leaks.NewFinder(secrets...)
	for _, text := range leaks.Print(v) {
		if piece, found := finder.Find(text.Text); found {
			t.Errorf("%s with %s shows %q: %s", name, text.How, piece, finder.Where(text.Text))
		}
	}
}

func TestSecretShowsUpNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(t, minting(life), nil)
		tok := mustToken(t, src)
		_, secret := tok.Credentials()
		type exported struct{ Token entra.Token }
		type unexported struct {
			token   entra.Token
			pointer *entra.Token
		}
		for name, v := range map[string]any{
			"value": tok, "pointer": &tok, "exported": exported{tok}, "unexported": unexported{tok, &tok},
			"pointer to unexported": &unexported{tok, &tok}, "slice": []entra.Token{tok}, "map": map[string]*entra.Token{"t": &tok},
			"key": map[entra.Token]int{tok: 1}, "error": fmt.Errorf("with %v and %w", tok, errors.New("x")), "any": []any{tok, &tok},
			"Source": src, "Observer": src.Observer(), "Status": src.Status(),
		} {
			mustHide(t, name, v, secret)
		}
	})
}

// A pprofProfile shows the labels of goroutines and their stacks.
func pprofProfile(t *testing.T) string {
	var profile strings.Builder
	for _, debug := range []int{1, 2} {
		if err := pprof.Lookup("goroutine").WriteTo(&profile, debug); err != nil {
			t.Fatal(err)
		}
	}
	return profile.String()
}

// What a credential says in its errors and panics, and the body of Entra's answer, may hold secrets.
// Only RefreshError.Err.Error repeats them.
func TestErrorsStatusAndLogTellNoSecret(t *testing.T) {
	const body = "RESPONSE 400: " + secretMark
	type told struct{ Told string } // a panic value whose fields encoders print
	for name, fail := range map[string]func(context.Context, call) error{
		"error": failWith(errors.New(body)),
		"error with fields": failWith(&azcore.ResponseError{ErrorCode: body, RawResponse: &http.Response{
			StatusCode: 400, Body: io.NopCloser(strings.NewReader(body)), Request: httptest.NewRequest("POST", "https://login.test/"+secretMark, nil),
		}}),
		"panic":             func(context.Context, call) error { panic(body) },
		"panic with fields": func(context.Context, call) error { panic(told{body}) },
		"panic with an error": func(context.Context, call) error {
			panic(fmt.Errorf("wrapped: %w", errors.New(body)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				var events []any
				opts := &entra.Options{
					Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
					Observer: &entra.Observer{
						RefreshDone: func(_ context.Context, i entra.RefreshDoneInfo) { events = append(events, i) },
						AttemptDone: func(_ context.Context, i entra.AttemptDoneInfo) { events = append(events, i) },
					},
				}
				src := newSource(t, during(func(c call) bool { return c.n > 1 }, fail), opts)
				tok := mustToken(t, src)
				_, secret := tok.Credentials()
				time.Sleep(2 * life)
				err := within(t, src, time.Minute)
				var refresh *entra.RefreshError
				if !errors.As(err, &refresh) || !strings.Contains(refresh.Err.Error(), secretMark) {
					t.Fatalf("%v does not hold what the credential said", err)
				}
				status := src.Status()
				synctest.Wait() // the Source writes to the same log
				for what, v := range map[string]any{
					"error": err, "RefreshError": refresh, "value": *refresh, "Status": status, "Status.Err": status.Err, "Source": src, "Options": opts,
					"events": events, "joined": errors.Join(err, entra.ErrClosed), "wrapped": fmt.Errorf("call: %w", err),
					"ConfigError": &entra.ConfigError{Field: "f", Reason: "r"}, "AuthError": &entra.AuthError{Addr: "a:1", Err: errors.New("WRONGPASS")},
				} {
					mustHide(t, what, v, secret, secretMark)
				}
				for what, text := range map[string]string{"log": log.String(), "profile": pprofProfile(t)} {
					if piece, found := leaks.NewFinder(secret, secretMark).Find(text); found {
						t.Errorf("the %s shows %q", what, piece)
					}
				}
			})
		})
	}
}

func TestZeroTokenIsHarmless(t *testing.T) {
	var tok entra.Token
	username, password := tok.Credentials()
	if username != "" || password != "" || tok.Username() != "" || !tok.IsZero() || tok.Lifetime() != 0 ||
		!tok.ExpiresOn().IsZero() || tok.RenewBy().After(time.Now()) {
		t.Errorf("%v", tok)
	}
	var none *entra.Token
	text := fmt.Sprintf("%v %+v %s %q %x %v", tok, tok, tok, tok, tok, none)
	slog.New(slog.DiscardHandler).Info("x", "zero", tok, "nil", none)
	if _, err := json.Marshal([]any{tok, none}); err != nil || text == "" {
		t.Error(err)
	}
}

func TestTokensAreComparable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		same := mint(call{at: time.Now()}, life)
		cred := func() azcore.TokenCredential {
			return &credential{answer: func(context.Context, call) (azcore.AccessToken, error) { return same, nil }}
		}
		src := newSource(t, cred(), nil)
		a, b := mustToken(t, src), mustToken(t, src)
		other := mustToken(t, newSource(t, cred(), nil))
		if a != b || a == other {
			t.Error("tokens are equal if and only if they came from the same answer")
		}
	})
}

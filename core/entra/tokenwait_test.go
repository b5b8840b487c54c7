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

// TestReasonIsToldAtOnce has the waits without the option.
func TestTokenWaitBoundsTheWaitOfConnections(t *testing.T) {
	const long, short = 20 * time.Second, 100 * time.Millisecond
	down := func() *credential { return during(func(call) bool { return true }, failWith(errDown)) }
	for name, tt := range map[string]struct {
		wait    time.Duration
		longest time.Duration // of the callers' own
		cred    *credential
		waits   []time.Duration // of callers one after the other
		kind    entra.Kind      // of the first one's error
	}{
		"never answers":         {long, time.Hour, hanging(), []time.Duration{long, long}, entra.KindTimedOut},
		"answers late":          {long, time.Hour, slow(8 * time.Second), []time.Duration{8 * time.Second, 0}, ""},
		"no network":            {long, time.Hour, down(), []time.Duration{long, long}, entra.KindNetwork},
		"is rejected":           {long, time.Hour, rejectedAfter(10 * time.Millisecond), []time.Duration{10 * time.Millisecond, time.Second}, entra.KindRejected},
		"is rejected late":      {long, time.Hour, rejectedAfter(8 * time.Second), []time.Duration{8 * time.Second, time.Second}, entra.KindRejected},
		"the dial's time ends":  {long, 2 * time.Second, hanging(), []time.Duration{2 * time.Second, 2 * time.Second}, entra.KindTimedOut},
		"short, never answers":  {short, time.Hour, hanging(), []time.Duration{short, short}, entra.KindTimedOut},
		"short, no network":     {short, time.Hour, down(), []time.Duration{short, short}, entra.KindNetwork},
		"no wait":               {-1, time.Hour, hanging(), []time.Duration{0, 0}, entra.KindTimedOut},
		"longer than the clock": {1<<63 - 1, time.Hour, slow(8 * time.Second), []time.Duration{8 * time.Second, 0}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := newSource(t, tt.cred, &entra.Options{TokenWait: tt.wait})
				for i, want := range tt.waits {
					began := time.Now()
					_, err := src.Token(impatience.With(t.Context(), tt.longest))
					if took := time.Since(began); took != want {
						t.Errorf("caller %d waited %v, want %v: %v", i+1, took, want, err)
					}
					refresh := (*entra.RefreshError)(nil)
					failed := errors.As(err, &refresh)
					if i == 0 && (failed != (tt.kind != "") || failed && refresh.Kind != tt.kind) {
						t.Errorf("caller %d got %v, want %s", i+1, err, tt.kind)
					}
				}
			})
		})
	}
}

// A failure that needs an operator ends the wait also if it follows one that does not.
func TestTokenWaitEndsWithALaterRejection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			if c.n == 1 {
				return azcore.AccessToken{}, errDown
			}
			return azcore.AccessToken{}, refused(401, "")
		}}
		src := newSource(t, cred, &entra.Options{TokenWait: time.Hour})
		began := time.Now()
		_, err := src.Token(impatience.With(t.Context(), time.Hour))
		refresh := (*entra.RefreshError)(nil)
		if took := time.Since(began); took > 15*time.Second || cred.count() != 2 || !errors.As(err, &refresh) || refresh.Kind != entra.KindRejected {
			t.Errorf("after %v and %d calls: %v", took, cred.count(), err)
		}
	})
}

// The option is about connections. A program's own call has its context.
func TestTokenWaitDoesNotBoundToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(t, slow(8*time.Second), &entra.Options{TokenWait: -1})
		if tok, err := src.Token(t.Context()); err != nil || tok.IsZero() {
			t.Errorf("%v, %v", tok, err)
		}
	})
}

package entraconn_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

func itoa(n int) string { return strconv.Itoa(n) }

// events records what an observer is called with, and what does not fit together. Its methods wait
// in their bubble until the observer has been called for everything so far.
type events struct {
	mu       sync.Mutex
	auths    map[entra.AuthPhase]int // done
	failed   int
	refused  int     // AuthDone with Refused
	authErrs []error // of AuthDone
	pending  int     // AuthStart without AuthDone
	open     int     // ConnOpened without ConnClosed
	closed   []entra.ConnClosedInfo
	started  []entra.RotationStartInfo
	rotated  []entra.RotationDoneInfo
	returned []entra.ReconnectedInfo
	forced   int             // refreshes
	users    map[string]bool // that AUTHs named
	odd      []string
}

// authsIn returns how many AUTHs of a phase were done, and how many of any phase failed.
func (e *events) authsIn(phase entra.AuthPhase) (done, failed int) {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.auths[phase], e.failed
}

// refusals returns how many AUTHs were refused.
func (e *events) refusals() int {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refused
}

// errs returns the errors of AUTHs.
func (e *events) errs() []error {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.authErrs)
}

// windows returns the announced window of each rotation.
func (e *events) windows() (all []time.Duration) {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.started {
		all = append(all, r.Window)
	}
	return all
}

// reconnections returns what Reconnected was called with.
func (e *events) reconnections() []entra.ReconnectedInfo {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.returned)
}

// reasons returns why connections ended.
func (e *events) reasons() (all []entra.CloseReason) {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.closed {
		all = append(all, c.Reason)
	}
	return all
}

// forcedRefreshes returns how many tokens were to be replaced early.
func (e *events) forcedRefreshes() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.forced
}

type authKey struct{}

func (e *events) observer() *entra.Observer {
	e.auths, e.users = map[entra.AuthPhase]int{}, map[string]bool{}
	return &entra.Observer{
		RefreshStart: func(ctx context.Context, i entra.RefreshStartInfo) context.Context {
			e.mu.Lock()
			defer e.mu.Unlock()
			if i.Trigger == entra.TriggerForced {
				e.forced++
			}
			return ctx
		},
		ConnOpened: func(ctx context.Context, _ entra.ConnOpenedInfo) context.Context {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.open++
			return ctx
		},
		ConnClosed: func(_ context.Context, i entra.ConnClosedInfo) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.open--
			e.closed = append(e.closed, i)
		},
		AuthStart: func(ctx context.Context, i entra.AuthStartInfo) context.Context {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.pending++
			e.users[i.User] = true
			return context.WithValue(ctx, authKey{}, i.Phase)
		},
		AuthDone: func(ctx context.Context, i entra.AuthDoneInfo) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.pending--
			e.users[i.User] = true
			e.auths[i.Phase]++
			if i.Err != nil {
				e.failed++
				e.authErrs = append(e.authErrs, i.Err)
			}
			if i.Refused {
				e.refused++
			}
			if ctx.Value(authKey{}) != i.Phase {
				e.odd = append(e.odd, fmt.Sprintf("AuthDone of %s with the context of %v", i.Phase, ctx.Value(authKey{})))
			}
		},
		RotationStart: func(ctx context.Context, i entra.RotationStartInfo) context.Context {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.started = append(e.started, i)
			return ctx
		},
		RotationDone: func(_ context.Context, i entra.RotationDoneInfo) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.rotated = append(e.rotated, i)
		},
		Reconnected: func(_ context.Context, i entra.ReconnectedInfo) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.returned = append(e.returned, i)
		},
	}
}

// paired fails the test if something that began did not end.
func (e *events) paired(t *testing.T) {
	t.Helper()
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pending != 0 || e.open != 0 || len(e.started) != len(e.rotated) || len(e.odd) > 0 {
		t.Errorf("unpaired: %d AUTHs, %d connections, %d rotations began and %d ended, %s", e.pending, e.open, len(e.started), len(e.rotated), e.odd)
	}
}

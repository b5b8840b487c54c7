package admission_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
)

// Each step of a story asks for one dial at a moment, after what happened before it.
func TestGate(t *testing.T) {
	refusal := &entra.AuthError{Err: errors.New("WRONGPASS no")}
	refuse := func(number uint64, at, pause time.Duration) func(*admission.LoginGate, *admission.Permit) {
		return func(g *admission.LoginGate, _ *admission.Permit) {
			g.Refuse(number, refusal, time.Time{}.Add(at), func(int) time.Duration { return pause })
		}
	}
	accept := func(g *admission.LoginGate, _ *admission.Permit) { g.Reopen() }
	release := func(g *admission.LoginGate, p *admission.Permit) { g.Release(p) }
	const (
		free    = "goes ahead"
		alone   = "goes ahead alone"
		waits   = "waits"
		refused = "is refused"
	)
	type step struct {
		before func(*admission.LoginGate, *admission.Permit) // gets the permit of the last dial that went ahead alone
		at     time.Duration
		login  admission.Candidate
		hurry  bool
		want   string
		wait   time.Duration
	}
	proven, unproven, newer := admission.Candidate{Number: 1, Proven: true}, admission.Candidate{Number: 1}, admission.Candidate{Number: 2}
	for name, steps := range map[string][]step{
		"proven token": {{login: proven, want: free}, {login: proven, want: free}},
		"unproven token": {
			{login: unproven, want: alone},
			{at: 300 * time.Millisecond, login: unproven, want: waits, wait: 700 * time.Millisecond},
			{at: 400 * time.Millisecond, login: unproven, hurry: true, want: alone},
			{at: 500 * time.Millisecond, login: unproven, want: waits, wait: 900 * time.Millisecond},
			{before: accept, at: 600 * time.Millisecond, login: proven, want: free},
		},
		"no token": {{want: alone}, {want: waits, wait: time.Second}},
		"silent connection ahead": {
			{login: unproven, want: alone},
			{at: time.Second, login: unproven, want: alone},
			{at: time.Second, login: unproven, want: waits, wait: time.Second},
		},
		"dial that failed": {
			{login: unproven, want: alone},
			{before: release, login: unproven, want: alone},
		},
		"refusal, then a probe": {
			{login: unproven, want: alone},
			{before: refuse(1, 0, 2*time.Second), login: unproven, want: refused},
			{at: 1999 * time.Millisecond, login: unproven, hurry: true, want: refused},
			{at: 2 * time.Second, login: unproven, want: alone},
			{at: 2 * time.Second, login: unproven, want: refused}, // while the probe is out
			{at: 3 * time.Second, login: unproven, want: alone},   // which was silent
			{before: accept, at: 3 * time.Second, login: proven, want: free},
		},
		"refusal, then a newer token": {
			{login: unproven, want: alone},
			{before: refuse(1, 0, time.Hour), login: newer, want: alone},
			{login: newer, want: waits, wait: time.Second},
			{login: unproven, want: refused},
		},
		"refusal of a proven token": {
			{login: proven, want: free},
			{before: refuse(1, 0, time.Hour), login: unproven, want: refused},
			{login: admission.Candidate{Number: 2, Proven: true}, want: alone}, // that refusal says nothing good of the server
		},
	} {
		t.Run(name, func(t *testing.T) {
			var g admission.LoginGate
			var last *admission.Permit
			var changed []<-chan struct{}
			for i, s := range steps {
				if s.before != nil {
					s.before(&g, last)
					for _, c := range changed {
						select {
						case <-c:
						default:
							t.Errorf("step %d: those that wait were not told", i)
						}
					}
					changed = nil
				}
				d := g.Admit(s.login, time.Time{}.Add(s.at), !s.hurry)
				got := free
				switch {
				case d.Changed != nil:
					got = waits
					changed = append(changed, d.Changed)
				case d.Refusal != nil:
					got = refused
				case d.Permit != nil:
					got, last = alone, d.Permit
				}
				if got != s.want || d.Wait != s.wait {
					t.Errorf("step %d: %s, for %v; want %s, for %v", i, got, d.Wait, s.want, s.wait)
				}
			}
		})
	}
}

// Connections that were under way together are refused together, and that counts once. A later
// refusal makes the pause longer, and an accepted login makes it short again.
func TestRefusalsInARowAreCounted(t *testing.T) {
	var g admission.LoginGate
	var counted []int
	refuse := func(number uint64, at time.Duration) {
		g.Refuse(number, &entra.AuthError{}, time.Time{}.Add(at), func(n int) time.Duration {
			counted = append(counted, n)
			return time.Second
		})
	}
	refuse(1, 0)
	refuse(1, 999*time.Millisecond)
	refuse(1, time.Second)
	refuse(2, time.Second)
	g.Reopen()
	refuse(2, time.Second)
	if want := []int{1, 2, 3, 1}; !slices.Equal(counted, want) {
		t.Errorf("counted %v, want %v", counted, want)
	}
}

// A permit that is not the last one says nothing about the one that is.
func TestOldPermitsReleaseNothing(t *testing.T) {
	var g admission.LoginGate
	login := admission.Candidate{Number: 1}
	first := g.Admit(login, time.Time{}, true).Permit
	second := g.Admit(login, time.Time{}.Add(time.Second), true).Permit
	g.Release(first)
	g.Release(nil)
	if d := g.Admit(login, time.Time{}.Add(time.Second), true); d.Changed == nil {
		t.Error("did not wait for the verdict on the second")
	}
	g.Release(second)
	if d := g.Admit(login, time.Time{}.Add(time.Second), true); d.Permit == nil {
		t.Error("waits for no one")
	}
}

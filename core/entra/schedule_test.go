package entra_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

func TestRenewalPoint(t *testing.T) {
	day := 24 * time.Hour
	for _, tt := range []struct {
		name             string
		life             time.Duration
		age              time.Duration // when it was acquired
		refreshIn        time.Duration // since it was issued; 0: none
		earliest, latest time.Duration // since it was issued
		spread           bool
	}{
		{"75 minutes", 75 * time.Minute, 0, 0, 52*time.Minute + 30*time.Second, 60 * time.Minute, false},
		{"60 minutes", time.Hour, 0, 0, 42 * time.Minute, 48 * time.Minute, false},
		{"24 hours", day, 0, 0, day * 7 / 10, day * 8 / 10, false},
		{"24 hours, half of it asked for", day, 0, 12 * time.Hour, 12 * time.Hour, 12*time.Hour + day/10, false},
		{"60 minutes, half of it asked for", time.Hour, 0, 30 * time.Minute, 30 * time.Minute, 36 * time.Minute, false},
		{"10 minutes", 10 * time.Minute, 0, 0, 7 * time.Minute, 8 * time.Minute, false},
		{"10 seconds", 10 * time.Second, 0, 0, 7 * time.Second, 8 * time.Second, false},
		{"50 milliseconds", 50 * time.Millisecond, 0, 0, 35 * time.Millisecond, 40 * time.Millisecond, false},
		{"refreshOn has passed", time.Hour, 20 * time.Minute, 10 * time.Minute, 20*time.Minute + 30*time.Second, 25 * time.Minute, false},
		{"refreshOn at once", time.Hour, 0, time.Second, 30 * time.Second, 7 * time.Minute, false},
		{"refreshOn in the last minutes", time.Hour, 0, 58 * time.Minute, 54*time.Minute + 24*time.Second, 55 * time.Minute, false},
		{"refreshOn at the expiry", time.Hour, 0, time.Hour, 42 * time.Minute, 48 * time.Minute, false},
		{"from a cache, late", time.Hour, 50 * time.Minute, 0, 50*time.Minute + 30*time.Second, 52 * time.Minute, false},
		{"from a cache, last minutes", time.Hour, 56 * time.Minute, 0, 56*time.Minute + 30*time.Second, 57 * time.Minute, false},
		{"from a cache, last seconds", time.Hour, time.Hour - 10*time.Second, 0, time.Hour - 5*time.Second, time.Hour - 4*time.Second, false},
		{"from a host's cache", day, 20 * time.Hour, 0, 20*time.Hour + 30*time.Second, 20*time.Hour + 30*time.Minute, false},
		{name: "75 minutes, spread", life: 75 * time.Minute, spread: true, earliest: 22*time.Minute + 30*time.Second, latest: 60 * time.Minute},
		{name: "24 hours, half of it asked for, spread", life: day, spread: true, refreshIn: 12 * time.Hour, earliest: 12 * time.Hour, latest: day * 8 / 10},
		{name: "60 minutes, half of it asked for, spread", life: time.Hour, spread: true, refreshIn: 30 * time.Minute, earliest: 30 * time.Minute, latest: 48 * time.Minute},
		{name: "60 minutes, refreshOn late, spread", life: time.Hour, spread: true, refreshIn: 45 * time.Minute, earliest: 45 * time.Minute, latest: 51 * time.Minute},
		{name: "from a cache, late, spread", life: time.Hour, age: 50 * time.Minute, spread: true, earliest: 50*time.Minute + 30*time.Second, latest: 52 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			issued := time.Now().Round(0)
			var refreshOn time.Time
			if tt.refreshIn > 0 {
				refreshOn = issued.Add(tt.refreshIn)
			}
			expires, acquired := issued.Add(tt.life), issued.Add(tt.age)
			first := entra.RenewAt(issued, expires, refreshOn, acquired, tt.spread, 0)
			last := entra.RenewAt(issued, expires, refreshOn, acquired, tt.spread, 1)
			if got := first.Sub(issued); got < tt.earliest {
				t.Errorf("first renewal at %v, want from %v on", got, tt.earliest)
			}
			if got := last.Sub(issued); got > tt.latest {
				t.Errorf("last renewal at %v, want until %v", got, tt.latest)
			}
			if !last.After(first) {
				t.Errorf("no jitter: %v and %v", first, last)
			}
			if !last.Before(expires) {
				t.Errorf("last renewal %v after the expiry", last.Sub(expires))
			}
		})
	}
}

func TestLooksAgainWhenTheCacheHasLetGo(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		name                string
		life, left          time.Duration
		leftFirst, leftLast time.Duration // what the token has left at the earliest and the latest look
	}{
		{"75 minutes, much left", 75 * time.Minute, 19 * time.Minute, 299 * time.Second, 240 * time.Second},
		{"75 minutes, at the edge", 75 * time.Minute, 299 * time.Second, 298 * time.Second, 289 * time.Second},
		{"75 minutes, nothing left", 75 * time.Minute, 5 * time.Second, 4 * time.Second, -5 * time.Second},
		{"10 minutes", 10 * time.Minute, 3 * time.Minute, 299 * time.Second / 3, 80 * time.Second},
		{"3 seconds", 3 * time.Second, time.Second, 299 * time.Second / 600, 400 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expires := now.Add(tt.left)
			first := entra.LookAgainAt(tt.life, expires, now, 0)
			last := entra.LookAgainAt(tt.life, expires, now, 1)
			if got := expires.Sub(first); absent(got, tt.leftFirst) {
				t.Errorf("earliest look with %v left, want %v", got, tt.leftFirst)
			}
			if got := expires.Sub(last); absent(got, tt.leftLast) {
				t.Errorf("latest look with %v left, want %v", got, tt.leftLast)
			}
		})
	}
}

func TestWaitAfterFailure(t *testing.T) {
	const s, m = time.Second, time.Minute
	for _, tt := range []struct {
		name                    string
		life, left, wait, after time.Duration
		refused                 bool
		rnd                     float64
		patient, urgent         time.Duration
	}{
		{name: "first", life: 75 * m, left: 20 * m, wait: s, patient: s, urgent: s},
		{name: "backoff counts", life: 75 * m, left: 20 * m, wait: 7 * s, patient: 7 * s, urgent: s},
		{name: "denser towards the expiry", life: 75 * m, left: 40 * s, wait: 5 * m, patient: 10 * s, urgent: s},
		{name: "not denser than the urgent pace", life: 75 * m, left: s, wait: 5 * m, rnd: 1, patient: 2 * s, urgent: 2 * s},
		{name: "nothing left", life: 75 * m, wait: 5 * m, rnd: 1, patient: 5 * m, urgent: 2 * s},
		{name: "Retry-After is a floor", life: 75 * m, left: 20 * m, after: 2 * m, patient: 2 * m, urgent: 2 * m},
		{name: "Retry-After is jittered", life: 75 * m, left: 20 * m, after: 2 * m, rnd: 1, patient: 132 * s, urgent: 132 * s},
		{name: "Retry-After beyond the expiry", life: 75 * m, left: 20 * m, after: 24 * 60 * m, patient: 10 * m, urgent: 10 * m},
		{name: "Retry-After, nothing left", life: 75 * m, after: 24 * 60 * m, patient: m, urgent: m},
		{name: "short Retry-After", life: 75 * m, wait: 9 * s, after: 4 * s, patient: 9 * s, urgent: 4 * s},
		{name: "life of 3 s", life: 3 * s, left: s, wait: 20 * time.Millisecond, patient: 20 * time.Millisecond, urgent: s / 600},
		{name: "life of 50 ms", life: 50 * time.Millisecond, wait: time.Millisecond, patient: time.Millisecond, urgent: time.Millisecond},
		{name: "refused, nothing left", life: 75 * m, refused: true, wait: 5 * m, rnd: 1, patient: 5 * m, urgent: 75 * s},
		{name: "refused for the first time", life: 75 * m, refused: true, wait: 5 * s, patient: 5 * s, urgent: m},
		{name: "refused, denser towards the expiry", life: 75 * m, left: 6 * m, refused: true, wait: 5 * m, patient: 90 * s, urgent: m},
		{name: "refused, but never dense", life: 75 * m, left: 40 * s, refused: true, wait: 5 * m, patient: m, urgent: m},
	} {
		t.Run(tt.name, func(t *testing.T) {
			patient, urgent := entra.RetryIn(entra.ScaleOf(tt.life), tt.refused, tt.left, tt.wait, tt.after, tt.rnd)
			if absent(patient, tt.patient) || absent(urgent, tt.urgent) {
				t.Errorf("patient %v urgent %v, want %v and %v", patient, urgent, tt.patient, tt.urgent)
			}
		})
	}
}

// absent reports whether got is not want, but for the rounding of a scale.
func absent(got, want time.Duration) bool { return (got - want).Abs() > time.Microsecond }

func TestForcedRequestsKeepGrowingDistance(t *testing.T) {
	full := entra.ScaleOf(life)
	want := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 10 * time.Minute, 10 * time.Minute}
	for n, d := range want {
		if got := entra.ForcedDistance(full, n); got != d {
			t.Errorf("distance %d: %v, want %v", n, got, d)
		}
	}
	if got := entra.ForcedDistance(full, 1<<30); got != 10*time.Minute {
		t.Errorf("far distance: %v", got)
	}
}

func TestGuardTime(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{
		24 * time.Hour:        3 * time.Minute,
		30 * time.Minute:      3 * time.Minute,
		10 * time.Minute:      time.Minute,
		50 * time.Millisecond: 5 * time.Millisecond,
		0:                     0,
	} {
		if got := entra.Guard(life); got != want {
			t.Errorf("guard of %v: %v, want %v", life, got, want)
		}
	}
}

func TestAttemptTimeout(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{
		0:                     30 * time.Second,
		75 * time.Minute:      30 * time.Second,
		time.Minute:           6 * time.Second,
		50 * time.Millisecond: 100 * time.Millisecond,
	} {
		if got := entra.AttemptTimeout(life); got != want {
			t.Errorf("timeout for a life of %v: %v, want %v", life, got, want)
		}
	}
}

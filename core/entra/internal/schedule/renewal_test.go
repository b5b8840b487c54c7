package schedule_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/schedule"
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
		{"24 hours, refreshOn at half", day, 0, 12 * time.Hour, 12 * time.Hour, 12*time.Hour + day/10, false},
		{"60 minutes, refreshOn at half", time.Hour, 0, 30 * time.Minute, 30 * time.Minute, 36 * time.Minute, false},
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
		{"from a machine's cache", day, 20 * time.Hour, 0, 20*time.Hour + 30*time.Second, 20*time.Hour + 30*time.Minute, false},
		{name: "75 minutes, spread", life: 75 * time.Minute, spread: true, earliest: 22*time.Minute + 30*time.Second, latest: 60 * time.Minute},
		{name: "24 hours, refreshOn at half, spread", life: day, spread: true, refreshIn: 12 * time.Hour, earliest: 12 * time.Hour, latest: day * 8 / 10},
		{name: "60 minutes, refreshOn at half, spread", life: time.Hour, spread: true, refreshIn: 30 * time.Minute, earliest: 30 * time.Minute, latest: 48 * time.Minute},
		{name: "60 minutes, refreshOn late, spread", life: time.Hour, spread: true, refreshIn: 45 * time.Minute, earliest: 45 * time.Minute, latest: 51 * time.Minute},
		{name: "from a cache, late, spread", life: time.Hour, age: 50 * time.Minute, spread: true, earliest: 50*time.Minute + 30*time.Second, latest: 52 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			issued := noon
			var refreshOn time.Time
			if tt.refreshIn > 0 {
				refreshOn = issued.Add(tt.refreshIn)
			}
			expires, acquired := issued.Add(tt.life), issued.Add(tt.age)
			v := schedule.Validity{IssuedAt: issued, ExpiresOn: expires}
			first := schedule.RenewAt(v, refreshOn, acquired, tt.spread, 0)
			last := schedule.RenewAt(v, refreshOn, acquired, tt.spread, 1)
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

func TestLooksAgainWhenTheCacheDropsTheToken(t *testing.T) {
	now := noon
	for _, tt := range []struct {
		name            string
		life, remaining time.Duration
		untilFirst      time.Duration // what remains of the token at the earliest look
		untilLast       time.Duration // and at the latest
	}{
		{"75 minutes, much remains", 75 * time.Minute, 19 * time.Minute, 299 * time.Second, 240 * time.Second},
		{"75 minutes, at the edge", 75 * time.Minute, 299 * time.Second, 298 * time.Second, 289 * time.Second},
		{"75 minutes, little remains", 75 * time.Minute, 5 * time.Second, 4 * time.Second, -5 * time.Second},
		{"10 minutes", 10 * time.Minute, 3 * time.Minute, 299 * time.Second / 3, 80 * time.Second},
		{"3 seconds", 3 * time.Second, time.Second, 299 * time.Second / 600, 400 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expires := now.Add(tt.remaining)
			first := schedule.LookAgainAt(tt.life, expires, now, 0)
			last := schedule.LookAgainAt(tt.life, expires, now, 1)
			if got := expires.Sub(first); absent(got, tt.untilFirst) {
				t.Errorf("earliest look with %v to go, want %v", got, tt.untilFirst)
			}
			if got := expires.Sub(last); absent(got, tt.untilLast) {
				t.Errorf("latest look with %v to go, want %v", got, tt.untilLast)
			}
		})
	}
}

// absent reports whether got is not want, apart from the rounding of a scale.
func absent(got, want time.Duration) bool { return (got - want).Abs() > time.Microsecond }

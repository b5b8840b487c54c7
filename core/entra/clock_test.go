package entra_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

func TestEitherClockDecides(t *testing.T) {
	noon := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	read := func(wall, mono time.Duration) entra.Instant { return entra.InstantOf(noon.Add(wall), mono) }
	at := read(time.Minute, time.Minute)
	for _, tt := range []struct {
		name    string
		now     entra.Instant
		reached bool
		until   time.Duration
	}{
		{"before", read(0, 0), false, time.Minute},
		{"at", read(time.Minute, time.Minute), true, 0},
		{"after", read(61*time.Second, 61*time.Second), true, -time.Second},
		{"the machine was suspended", read(time.Hour, time.Second), true, -59 * time.Minute},
		{"the machine was suspended for a moment", read(31*time.Second, time.Second), false, 29 * time.Second},
		{"the wall clock was set forward", read(time.Minute, 0), true, 0},
		{"the wall clock was set back", read(-time.Hour, time.Minute), true, 0},
		{"the wall clock was set back, and there is time", read(-time.Hour, time.Second), false, 59 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := entra.Reached(tt.now, at); got != tt.reached {
				t.Errorf("reached %v", got)
			}
			if got := entra.Until(tt.now, at); got != tt.until {
				t.Errorf("until %v, want %v", got, tt.until)
			}
		})
	}
}

func TestMomentsOnTheWallClockAreKeptOnBoth(t *testing.T) {
	now := time.Now() // with a monotonic reading of its own, which must not count
	expires := entra.At(entra.InstantOf(now.Round(0), time.Hour), now.Add(75*time.Minute))
	if want := entra.InstantOf(now.Round(0).Add(75*time.Minute), time.Hour+75*time.Minute); expires != want {
		t.Errorf("%v, want %v", expires, want)
	}
}

func TestSleepsUntilTheFirstEndButNeverLong(t *testing.T) {
	noon := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	now := entra.InstantOf(noon, 0)
	in := func(d time.Duration) entra.Instant { return entra.InstantOf(noon.Add(d), d) }
	for _, tt := range []struct {
		name string
		life time.Duration
		ends []entra.Instant
		want time.Duration
	}{
		{"nothing to come", 75 * time.Minute, nil, 30 * time.Second},
		{"an hour to go", 75 * time.Minute, []entra.Instant{in(time.Hour)}, 30 * time.Second},
		{"no token yet", 0, []entra.Instant{in(time.Hour)}, 30 * time.Second},
		{"an hour to go for a token of 3 seconds", 3 * time.Second, []entra.Instant{in(time.Hour)}, 50 * time.Millisecond},
		{"the first of several", 75 * time.Minute, []entra.Instant{in(9 * time.Second), in(7 * time.Second), in(8 * time.Second)}, 7 * time.Second},
		{"by the wall clock", 75 * time.Minute, []entra.Instant{entra.InstantOf(noon.Add(time.Second), time.Hour)}, time.Second},
		{"by the monotonic clock", 75 * time.Minute, []entra.Instant{entra.InstantOf(noon.Add(time.Hour), time.Second)}, time.Second},
		{"overdue", 75 * time.Minute, []entra.Instant{in(-time.Second)}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := entra.Nap(now, tt.life, tt.ends...); absent(got, tt.want) {
				t.Errorf("sleeps %v, want %v", got, tt.want)
			}
		})
	}
}

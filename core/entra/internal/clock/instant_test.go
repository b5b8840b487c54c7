package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
)

func TestEitherClockDecides(t *testing.T) {
	noon := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	read := func(wall, mono time.Duration) clock.Instant { return clock.Instant{Wall: noon.Add(wall), Mono: mono} }
	moment := read(time.Minute, time.Minute)
	for _, tt := range []struct {
		name    string
		now     clock.Instant
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
			if got := tt.now.Reached(moment); got != tt.reached {
				t.Errorf("reached %v", got)
			}
			if got := tt.now.Until(moment); got != tt.until {
				t.Errorf("until %v, want %v", got, tt.until)
			}
			for _, other := range []clock.Instant{clock.Never, moment.Add(time.Nanosecond)} {
				if moment.First(other) != moment || other.First(moment) != moment || tt.now.Reached(clock.Never) {
					t.Errorf("the first of %v and %v: %v, %v", moment, other, moment.First(other), other.First(moment))
				}
			}
		})
	}
}

func TestFirstIsReachedOnEitherClock(t *testing.T) {
	now := clock.Instant{Wall: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC), Mono: time.Hour}
	byWall := clock.Instant{Wall: now.Wall.Add(time.Second), Mono: now.Mono + time.Hour}
	byMono := clock.Instant{Wall: now.Wall.Add(time.Hour), Mono: now.Mono + time.Second}
	first := byWall.First(byMono)
	if first != byMono.First(byWall) || first != now.Add(time.Second) {
		t.Errorf("the first of %v and %v: %v", byWall, byMono, first)
	}
}

func TestWallClockMomentIsKeptOnBothClocks(t *testing.T) {
	wall := time.Now() // with a monotonic reading of its own, which must not count
	now := clock.Instant{Wall: wall.Round(0), Mono: time.Hour}
	want := clock.Instant{Wall: now.Wall.Add(75 * time.Minute), Mono: time.Hour + 75*time.Minute}
	if got := now.At(wall.Add(75 * time.Minute)); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestMachineReadsBothClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := clock.Machine()
		first := read()
		time.Sleep(time.Minute)
		second := read()
		if want := (clock.Instant{Wall: time.Now().Round(0), Mono: time.Minute}); second != want {
			t.Errorf("%v, want %v", second, want)
		}
		if first.Mono != 0 || second.Wall.Sub(first.Wall) != time.Minute {
			t.Errorf("%v, then %v a minute later", first, second)
		}
	})
}

func TestMomentsCenturiesAwayAreNotReached(t *testing.T) {
	now := clock.Instant{Wall: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC), Mono: time.Hour}
	for _, moment := range []clock.Instant{
		now.Add(1<<63 - 1), now.At(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)), now.Add(1<<63 - 1).Add(time.Hour),
	} {
		if now.Reached(moment) || now.Until(moment) < 200*365*24*time.Hour {
			t.Errorf("%v is %v away", moment, now.Until(moment))
		}
	}
}

package schedule_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

func TestForcedRequestsKeepGrowingDistance(t *testing.T) {
	full := schedule.ScaleOf(75 * time.Minute)
	want := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 10 * time.Minute, 10 * time.Minute}
	for n, d := range want {
		if got := schedule.ForcedDistance(full, n); got != d {
			t.Errorf("distance %d: %v, want %v", n, got, d)
		}
	}
	if got := schedule.ForcedDistance(full, 1<<30); got != 10*time.Minute {
		t.Errorf("far distance: %v", got)
	}
}

func TestForcedRequestsCount(t *testing.T) {
	now := clock.Instant{Wall: noon}
	for _, tt := range []struct {
		name   string
		before schedule.Forced
		event  func(*schedule.Forced)
		after  schedule.Forced
	}{
		{
			"the first starts",
			schedule.Forced{Pending: true},
			func(f *schedule.Forced) { f.Started(1, now) },
			schedule.Forced{Count: 1, Earliest: now.Add(30 * time.Second)},
		}, {
			"the third starts",
			schedule.Forced{Pending: true, Count: 2, Earliest: now},
			func(f *schedule.Forced) { f.Started(1, now) },
			schedule.Forced{Count: 3, Earliest: now.Add(2 * time.Minute)},
		}, {
			"another request starts",
			schedule.Forced{Count: 2, Earliest: now},
			func(f *schedule.Forced) { f.Started(1, now) },
			schedule.Forced{Count: 2, Earliest: now},
		}, {
			"a token comes at its regular renewal",
			schedule.Forced{Count: 2, Earliest: now},
			func(f *schedule.Forced) { f.TokenReplaced(true) },
			schedule.Forced{Earliest: now},
		}, {
			"a token comes from a request that ran already",
			schedule.Forced{Pending: true, Count: 2, Earliest: now},
			func(f *schedule.Forced) { f.TokenReplaced(false) },
			schedule.Forced{Count: 2, Earliest: now},
		},
	} {
		got := tt.before
		if tt.event(&got); got != tt.after {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.after)
		}
	}
}

package schedule_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

func TestBackoffGrowsToItsLimit(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		name     string
		new      func(schedule.Scale) schedule.Backoff
		scale    schedule.Scale
		shortest []time.Duration // with the random number 0
		longest  []time.Duration // with 1
	}{
		{"transient", schedule.TransientBackoff, 1,
			[]time.Duration{s, s, s, s, s, s}, []time.Duration{2 * s, 3 * s, 5 * s, 9 * s, 15 * s, 15 * s}},
		{"transient, a tenth", schedule.TransientBackoff, 0.1,
			[]time.Duration{s / 10, s / 10}, []time.Duration{s / 5, 3 * s / 10}},
		{"rejected", schedule.RejectedBackoff, 1,
			[]time.Duration{5 * s, 10 * s, 20 * s, 40 * s, 80 * s, 150 * s, 150 * s},
			[]time.Duration{10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 300 * s, 300 * s}},
		{"rejected, milliseconds", schedule.RejectedBackoff, 1e-9,
			[]time.Duration{time.Millisecond / 2, time.Millisecond / 2}, []time.Duration{time.Millisecond, time.Millisecond}},
	} {
		shortest, longest := tt.new(tt.scale), tt.new(tt.scale)
		for i := range tt.shortest {
			if got := shortest.Wait(0); got != tt.shortest[i] {
				t.Errorf("%s: shortest wait %d is %v, want %v", tt.name, i, got, tt.shortest[i])
			}
			if got := longest.Wait(1); got != tt.longest[i] {
				t.Errorf("%s: longest wait %d is %v, want %v", tt.name, i, got, tt.longest[i])
			}
		}
	}
}

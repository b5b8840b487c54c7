package schedule_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

func TestGuardTime(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{
		24 * time.Hour:        3 * time.Minute,
		30 * time.Minute:      3 * time.Minute,
		10 * time.Minute:      time.Minute,
		50 * time.Millisecond: 5 * time.Millisecond,
		0:                     0,
	} {
		v := schedule.Validity{IssuedAt: noon, ExpiresOn: noon.Add(life)}
		if got := v.ExpiresOn.Sub(v.RenewBy()); got != want {
			t.Errorf("guard of %v: %v, want %v", life, got, want)
		}
	}
}

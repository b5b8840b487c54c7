package schedule_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

func TestWaitAfterFailure(t *testing.T) {
	const s, m = time.Second, time.Minute
	for _, tt := range []struct {
		name                         string
		life, remaining, wait, after time.Duration
		rejection                    bool
		rnd                          float64
		patient, urgent              time.Duration
	}{
		{name: "first", life: 75 * m, remaining: 20 * m, wait: s, patient: s, urgent: s},
		{name: "backoff counts", life: 75 * m, remaining: 20 * m, wait: 7 * s, patient: 7 * s, urgent: s},
		{name: "denser towards the expiry", life: 75 * m, remaining: 40 * s, wait: 5 * m, patient: 10 * s, urgent: s},
		{name: "not denser than the urgent waits", life: 75 * m, remaining: s, wait: 5 * m, rnd: 1, patient: 2 * s, urgent: 2 * s},
		{name: "no token", life: 75 * m, wait: 5 * m, rnd: 1, patient: 5 * m, urgent: 2 * s},
		{name: "Retry-After is a floor", life: 75 * m, remaining: 20 * m, after: 2 * m, patient: 2 * m, urgent: 2 * m},
		{name: "Retry-After is jittered", life: 75 * m, remaining: 20 * m, after: 2 * m, rnd: 1, patient: 132 * s, urgent: 132 * s},
		{name: "Retry-After beyond the expiry", life: 75 * m, remaining: 20 * m, after: 24 * 60 * m, patient: 10 * m, urgent: 10 * m},
		{name: "Retry-After, no token", life: 75 * m, after: 24 * 60 * m, patient: m, urgent: m},
		{name: "short Retry-After", life: 75 * m, wait: 9 * s, after: 4 * s, patient: 9 * s, urgent: 4 * s},
		{name: "life of 3 s", life: 3 * s, remaining: s, wait: 20 * time.Millisecond, patient: 20 * time.Millisecond, urgent: s / 600},
		{name: "life of 50 ms", life: 50 * time.Millisecond, wait: time.Millisecond, patient: time.Millisecond, urgent: time.Millisecond},
		{name: "rejected, no token", life: 75 * m, rejection: true, wait: 5 * m, rnd: 1, patient: 5 * m, urgent: 75 * s},
		{name: "rejected for the first time", life: 75 * m, rejection: true, wait: 5 * s, patient: 5 * s, urgent: m},
		{name: "rejected, denser towards the expiry", life: 75 * m, remaining: 6 * m, rejection: true, wait: 5 * m, patient: 90 * s, urgent: m},
		{name: "rejected, but never dense", life: 75 * m, remaining: 40 * s, rejection: true, wait: 5 * m, patient: m, urgent: m},
	} {
		t.Run(tt.name, func(t *testing.T) {
			failure := schedule.Failure{NeedsOperator: tt.rejection, RetryAfter: tt.after}
			patient, urgent := schedule.RetryIn(schedule.ScaleOf(tt.life), failure, tt.remaining, tt.wait, tt.rnd)
			if absent(patient, tt.patient) || absent(urgent, tt.urgent) {
				t.Errorf("patient %v urgent %v, want %v and %v", patient, urgent, tt.patient, tt.urgent)
			}
		})
	}
}

func TestRequestTimeout(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{
		0:                     30 * time.Second,
		75 * time.Minute:      30 * time.Second,
		time.Minute:           6 * time.Second,
		50 * time.Millisecond: 100 * time.Millisecond,
	} {
		if got := schedule.RequestTimeout(life); got != want {
			t.Errorf("timeout for a life of %v: %v, want %v", life, got, want)
		}
	}
}

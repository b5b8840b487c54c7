package admission_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/admission"
)

// An outage is one line, however many dials fail, and so is a server that comes and goes for a minute.
func TestDialReportSaysEachOutageOnce(t *testing.T) {
	var r admission.DialReport
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	fails := func(want bool) {
		t.Helper()
		if got := r.Fail(now); got != want {
			t.Fatalf("says so: %t, want %t", got, want)
		}
	}
	fails(true)
	for range 1000 {
		now = now.Add(time.Second)
		fails(false)
	}
	r.Succeed()
	fails(true)
	for range 59 {
		r.Succeed()
		now = now.Add(time.Second)
		fails(false)
	}
	now = now.Add(time.Second)
	fails(true)
}

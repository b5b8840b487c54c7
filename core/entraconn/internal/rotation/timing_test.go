package rotation_test

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/rotation"
)

func TestSlotsAreEvenAndJittered(t *testing.T) {
	const window, linger = 10 * time.Minute, 50 * time.Millisecond
	for i := range 100 {
		first, last := rotation.Slot(i, 100, window, linger, 0), rotation.Slot(i, 100, window, linger, 0.999)
		share := window / 100
		if first >= last || last-first > share || first < time.Duration(i)*share*98/100 || last > time.Duration(i+1)*share {
			t.Fatalf("slot %d of 100: from %v to %v", i, first, last)
		}
	}
	if last := rotation.Slot(99, 100, time.Second, linger, 0.999); last > time.Second-2*linger {
		t.Errorf("the last AUTH of a window of a second is due after %v: no time for its answer", last)
	}
}

// The answer to an AUTH is looked for at once, then every second, and after a minute every 10 seconds.
func TestLooksForAnAnswerSlowDown(t *testing.T) {
	looks, took := 0, time.Duration(0)
	for ; took < time.Minute; looks++ {
		took += rotation.Pause(looks)
	}
	if first := rotation.Pause(0); first != time.Millisecond || looks < 60 || looks > 80 {
		t.Errorf("%d looks in a minute, the second after %v", looks, first)
	}
	for n := range 101 { // as many as are counted
		if d := rotation.Pause(n); n < 60 && d > time.Second || n >= 70 && d != 10*time.Second {
			t.Errorf("%v after look %d", d, n)
		}
	}
}

func TestRetriesSlowDown(t *testing.T) {
	for n, most := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 6: 30 * time.Second, 1000: 30 * time.Second,
	} {
		low, high := rotation.RetryDelay(n, time.Hour, 0), rotation.RetryDelay(n, time.Hour, 0.999)
		if low != most/2 || high <= low || high > most {
			t.Errorf("refusal %d: from %v to %v, want up to %v", n, low, high, most)
		}
	}
	if d := rotation.RetryDelay(1, time.Second, 0.5); d > time.Millisecond {
		t.Errorf("with a life of a second: %v", d)
	}
}

package entraconn_test

import (
	"math/rand/v2"
	"sync"
	"time"
)

// dice give random numbers to many goroutines.
type dice struct {
	mu  sync.Mutex
	rnd *rand.Rand
}

func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rnd.IntN(n)
}

func (d *dice) oneIn(n int) bool { return d.below(n) == 0 }

// within returns a duration shorter than most, or 0 if most is not more than 0.
func (d *dice) within(most time.Duration) time.Duration {
	return time.Duration(d.below(int(max(most, 1))))
}

package adaptertest

import (
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

var seedFlag = flag.Uint64("adaptertest.seed", 0, "seed of what each scenario draws at random, 0 for a new one. "+
	"How goroutines are scheduled, and so which of them draws what, no seed can fix")

// A dice is what one scenario draws from.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

// newDice returns a dice whose seed is printed if the scenario fails.
func newDice(t *testing.T) *dice {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("replay with -adaptertest.seed %d", seed)
		}
	})
	return &dice{rng: rand.New(rand.NewPCG(seed, 0))}
}

// number returns one from 0 to n − 1.
func (d *dice) number(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n)
}

// upTo returns a duration from 0 to just below most, or 0 if most is.
func (d *dice) upTo(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Duration(d.rng.Int64N(int64(most)))
}

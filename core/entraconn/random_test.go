package entraconn_test

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

// How much the large tests do. The defaults are for a run under the race detector with every
// change. With -short it is a quarter of that or less. The help says how much finds rare faults.
var (
	seedFlag    = flag.Uint64("seed", 0, "seed of the random tests, or the first of several; 0 is the usual one of each test")
	simulations = flag.Int("simulations", 12, "random clients and servers to simulate; 1000 take two minutes under the race detector")
	phases      = flag.Int("phases", 8, "offsets, of 64, at which pipelines are cut into pieces")
	crowdFlag   = flag.Int("crowd", 200, "connections that are lost or renewed at once; 1000 is the most that a test was made for")
	blockedFlag = flag.Duration("blocked", 0, "how long writes wait after a blocked command; 0 means 5 minutes, or 80 once")
)

// amount returns what a flag says, or the part of its default that goes with -short.
func amount(name string, value int, part int) int {
	if testing.Short() && !isSet(name) {
		return max(1, value/part)
	}
	return value
}

func isSet(name string) (set bool) {
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// crowdSize returns how many connections make a crowd.
func crowdSize() int { return amount("crowd", *crowdFlag, 2) }

// blockedTime returns how long a write is to wait after a blocked command. usual is for one test
// that crosses tokens.
func blockedTime(usual time.Duration) time.Duration {
	switch {
	case *blockedFlag > 0:
		return *blockedFlag
	case testing.Short():
		return 5 * time.Minute
	}
	return usual
}

// random returns random numbers for one goroutine of a test, and has the test tell the seed if it
// fails. usual is the seed of a test that draws the same each time, 0 lets it draw others. What
// -seed does not fix is the scheduling.
func random(t *testing.T, usual, goroutine uint64) *rand.Rand {
	seed := usual
	if *seedFlag != 0 {
		seed = *seedFlag
	}
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to draw the same numbers: -seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, goroutine))
}

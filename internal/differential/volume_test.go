package differential

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	injections    = flag.Int("injections", 6000, "how many AUTHs the server must have run before the comparison of replies ends")
	rotations     = flag.Int("rotations", 60, "how many times each subscription, cache and blocking call is renewed on average")
	cancellations = flag.Int("cancellations", 20, "how many calls are cancelled in each library")
	forTime       = flag.Duration("for", 0, "go on in each test for so long, whatever -injections, -rotations and -cancellations say")
	seed          = flag.Uint64("seed", 0, "the number of the first round of commands, and the seed of pauses. It fixes what is asked for; it does not fix when, nor where in it an AUTH goes out")
)

// hung is how long a test waits for what must come: so long that a machine which is only busy has brought it.
const hung = 5 * time.Minute

// until returns what reports whether so much has been done, or with -for, whether this percentage of that is over.
func until(much, percent int) func(done int) bool {
	began := time.Now()
	return func(done int) bool {
		if *forTime > 0 {
			return time.Since(began) > *forTime*time.Duration(percent)/100
		}
		return done >= much
	}
}

// seeded returns the random numbers of a part of a test.
func seeded(part uint64) *rand.Rand { return rand.New(rand.NewPCG(*seed, part)) }

// tellSeed names the seed of a test that fails.
func tellSeed(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("replay it with -seed %d", *seed)
		}
	})
}

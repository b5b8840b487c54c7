// Package fleet lets a thousand processes live for a day, in virtual time, and counts what Entra and the cache have to do
// in each minute of it.
package fleet

import (
	"context"

	"github.com/entraredis/entraredis/bench/internal/virtual"
)

// A Result is what was counted.
type Result struct {
	Processes, Conns, Hours int // Conns of each process
	Days                    []Day
}

// A Day is one way to renew tokens that live alike.
type Day struct {
	Way, Lives     string
	Requests       []int // to Entra, in each minute
	Auths          []int // at the cache, in each minute
	RequestsSecond int   // in the busiest second after the first minute, in which all processes start
	AuthsSecond    int
	Late           int // times that a connection got the new token later than 3 minutes before the old one's expiry
	Lost           int // times that a connection's token expired
}

// The ways to renew. The naive one is what a ticker makes of it: everybody at the same fraction of a token's life, and
// all connections at once.
const (
	ours  = "entraredis"
	naive = "everybody at ¾ of the life"
)

// Measure lets the fleet live: for less than a minute, or a quarter of one.
func Measure(ctx context.Context, quick bool) (*Result, error) {
	r := &Result{}
	return r, virtual.Run(ctx, "./fleet", "TestDay", quick, r)
}

// A span is what happened in some minutes.
type span struct {
	mean float64
	peak int
}

// since returns what happened from a minute on.
func since(counts []int, minute int) (s span) {
	counts = counts[min(minute, len(counts)):]
	for _, n := range counts {
		s.peak = max(s.peak, n)
	}
	s.mean = float64(sum(counts)) / float64(max(1, len(counts)))
	return s
}

func (s span) ratio() float64 {
	if s.mean == 0 {
		return 0
	}
	return float64(s.peak) / s.mean
}

// busiest returns how many there were a minute in the busiest ten minutes after the first one:
// chance counts for less in ten than in one, the more so the smaller the fleet.
func busiest(counts []int) (most float64) {
	const width = 10
	for i := 1; i+width <= len(counts); i++ {
		most = max(most, float64(sum(counts[i:i+width]))/width)
	}
	return most
}

func sum(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

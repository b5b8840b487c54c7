package connections

import (
	"math"
	"slices"
	"time"
)

// A Spread says when AUTHs came.
type Spread struct {
	Window time.Duration // from the first to the last
	Slots  []int         // how many in each of as many equal parts of the window
	// Deviation is how far the count was at most from an even one, as a share of all: 0.01 is a hundredth of the AUTHs
	// too early or too late.
	Deviation float64
}

const slots = 20

// spread sorts the times.
func spread(times []time.Time) (s Spread) {
	if len(times) == 0 {
		return s
	}
	slices.SortFunc(times, time.Time.Compare)
	first := times[0]
	s.Window, s.Slots = times[len(times)-1].Sub(first), make([]int, slots)
	for i, at := range times {
		share := float64(at.Sub(first)) / float64(max(1, s.Window))
		s.Slots[min(slots-1, int(slots*share))]++
		s.Deviation = max(s.Deviation, math.Abs(float64(i)/float64(len(times))-share))
	}
	return s
}

// Ratio returns the busiest part ÷ the mean.
func (s Spread) Ratio() float64 {
	if s.mean() == 0 {
		return 0
	}
	return float64(slices.Max(s.Slots)) / s.mean()
}

func (s Spread) mean() float64 { return float64(s.count()) / float64(max(1, len(s.Slots))) }

func (s Spread) count() (n int) {
	for _, c := range s.Slots {
		n += c
	}
	return n
}

package overhead

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/entraredis/entraredis/bench/internal/stats"
)

// longest is the longest call that is told from a longer one.
const longest = 10 * time.Second

// A record is what was measured of one of the two that are compared, in all its slices.
type record struct {
	rates, cpu    []float64 // of each slice
	commands      uint64
	allocs, bytes uint64
	latency       []*hdrhistogram.Histogram // of each worker, in nanoseconds
}

func newRecord(workers int) *record {
	r := &record{latency: make([]*hdrhistogram.Histogram, workers)}
	for i := range r.latency {
		r.latency[i] = newHistogram()
	}
	return r
}

// newHistogram tells latencies to a percent, for there are many histograms.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(longest), 2) }

func (r *record) side() Side {
	all := newHistogram()
	for _, h := range r.latency {
		all.Merge(h)
	}
	quantile := func(q float64) time.Duration { return time.Duration(all.ValueAtQuantile(q)) }
	return Side{
		Rate: stats.Median(r.rates).Median, CPU: time.Duration(stats.Median(r.cpu).Median),
		Allocs: float64(r.allocs) / float64(r.commands), Bytes: float64(r.bytes) / float64(r.commands),
		P50: quantile(50), P99: quantile(99), P999: quantile(99.9),
	}
}

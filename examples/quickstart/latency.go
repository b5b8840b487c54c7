package main

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A latency is a histogram of durations whose buckets grow with them: each is an eighth of a power of two wide,
// so a quantile is at most 12.5 % too high.
type latency struct {
	buckets [8 * 62]atomic.Int64
}

func (l *latency) record(d time.Duration) {
	l.buckets[bucket(d)].Add(1)
}

// quantile returns a duration that the fraction q of all recorded ones did not exceed, or 0 if there are none.
func (l *latency) quantile(q float64) time.Duration {
	var counts [len(l.buckets)]int64
	var total int64
	for i := range l.buckets {
		counts[i] = l.buckets[i].Load()
		total += counts[i]
	}
	rest := int64(q * float64(total))
	for i, n := range counts {
		if rest -= n; rest < 0 {
			return upper(i)
		}
	}
	return 0
}

// bucket: the first 16 nanoseconds have one each, then come 8 for every power of two.
func bucket(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := max(bits.Len64(v)-4, 0)
	return 8*shift + int(v>>shift)
}

func upper(i int) time.Duration {
	if i < 16 {
		return time.Duration(i)
	}
	shift := i/8 - 1
	return time.Duration((uint64(i-8*shift)+1)<<shift - 1)
}

package overhead

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/entraredis/entraredis/bench/internal/redisserver"
	"github.com/entraredis/entraredis/bench/internal/stats"
)

// A side is one of the two logins at work.
type side struct {
	host  host
	work  workload
	calls []func() error // of each worker

	latency       []*hdrhistogram.Histogram // of each worker, in nanoseconds
	rates, cpu    []float64                 // of each slice
	commands      uint64
	allocs, bytes uint64
}

func newSide(ctx context.Context, s *redisserver.Server, c comparison, l login) (*side, error) {
	h, err := c.host.open(s, l, c.secure, nil)
	if err != nil {
		return nil, err
	}
	one := &side{host: h, work: c.work}
	for range c.work.workers {
		call, err := h.worker(ctx, c.work)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, h.close())
		}
		one.calls = append(one.calls, call)
	}
	one.forget()
	return one, nil
}

// forget forgets what was measured.
func (s *side) forget() {
	s.rates, s.cpu, s.commands, s.allocs, s.bytes = nil, nil, 0, 0, 0
	s.latency = nil
	for range s.work.workers {
		s.latency = append(s.latency, hdrhistogram.New(1, int64(10*time.Second), 3))
	}
}

// slice works for a while, and returns how many commands that were.
func (s *side) slice(length time.Duration) (commands uint64, err error) {
	var stop atomic.Bool
	var calls atomic.Uint64
	var working sync.WaitGroup
	failed := make(chan error, len(s.calls))
	timer := time.AfterFunc(length, func() { stop.Store(true) })
	defer timer.Stop()
	for i, call := range s.calls {
		working.Go(func() {
			var n uint64
			for from := time.Now(); !stop.Load(); n++ {
				if err := call(); err != nil {
					failed <- err
					return
				}
				now := time.Now()
				_ = s.latency[i].RecordValue(min(int64(now.Sub(from)), int64(10*time.Second)))
				from = now
			}
			calls.Add(n)
		})
	}
	working.Wait()
	select {
	case err = <-failed:
	default:
	}
	return calls.Load() * uint64(s.work.perCall), err
}

// measure works for a while and keeps what that took.
func (s *side) measure(length time.Duration) error {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, from := processor(), time.Now()
	n, err := s.slice(length)
	took, used := time.Since(from), processor()-cpu
	runtime.ReadMemStats(&after)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("not one call ended within %v", length)
	}
	s.rates = append(s.rates, float64(n)/took.Seconds())
	s.cpu = append(s.cpu, float64(used)/float64(n))
	s.commands += n
	s.allocs += after.Mallocs - before.Mallocs
	s.bytes += after.TotalAlloc - before.TotalAlloc
	return nil
}

func (s *side) result() Side {
	all := hdrhistogram.New(1, int64(10*time.Second), 3)
	for _, h := range s.latency {
		all.Merge(h)
	}
	quantile := func(q float64) time.Duration { return time.Duration(all.ValueAtQuantile(q)) }
	return Side{
		Rate: stats.Median(s.rates).Median, CPU: time.Duration(stats.Median(s.cpu).Median),
		Allocs: float64(s.allocs) / float64(s.commands), Bytes: float64(s.bytes) / float64(s.commands),
		P50: quantile(50), P99: quantile(99), P999: quantile(99.9),
	}
}

// processor returns how much time of the processor this process has used, and the kernel on its behalf.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package overhead

import (
	"context"
	"errors"
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
	host    host
	work    workload
	workers []*worker

	rates, cpu    []float64 // of each slice
	commands      uint64
	allocs, bytes uint64
}

// A worker is a goroutine that works in every slice: a new one for each would have to grow its stack in each.
type worker struct {
	call    func() error
	slices  chan *slice
	latency *hdrhistogram.Histogram // in nanoseconds
}

// A slice is a while of work.
type slice struct {
	over    atomic.Bool
	calls   atomic.Uint64
	failed  atomic.Pointer[error]
	working sync.WaitGroup
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
			return nil, errors.Join(err, one.close())
		}
		w := &worker{call: call, slices: make(chan *slice)}
		one.workers = append(one.workers, w)
		go w.run()
	}
	one.forget()
	return one, nil
}

func (s *side) close() error {
	for _, w := range s.workers {
		close(w.slices)
	}
	return s.host.close()
}

func (w *worker) run() {
	for s := range w.slices {
		n, err := w.work(s)
		s.calls.Add(n)
		if err != nil {
			s.failed.Store(&err)
		}
		s.working.Done()
	}
}

func (w *worker) work(s *slice) (calls uint64, err error) {
	for from := time.Now(); !s.over.Load(); calls++ {
		if err := w.call(); err != nil {
			return calls, err
		}
		now := time.Now()
		_ = w.latency.RecordValue(min(int64(now.Sub(from)), int64(10*time.Second)))
		from = now
	}
	return calls, nil
}

// forget forgets what was measured.
func (s *side) forget() {
	s.rates, s.cpu, s.commands, s.allocs, s.bytes = nil, nil, 0, 0, 0
	for _, w := range s.workers {
		w.latency = hdrhistogram.New(1, int64(10*time.Second), 3)
	}
}

// slice works for a while, and returns how many commands that were.
func (s *side) slice(length time.Duration) (commands uint64, err error) {
	var this slice
	this.working.Add(len(s.workers))
	timer := time.AfterFunc(length, func() { this.over.Store(true) })
	defer timer.Stop()
	for _, w := range s.workers {
		w.slices <- &this
	}
	this.working.Wait()
	if failed := this.failed.Load(); failed != nil {
		return 0, *failed
	}
	return this.calls.Load() * uint64(s.work.perCall), nil
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
	for _, w := range s.workers {
		all.Merge(w.latency)
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

package overhead

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/entraredis/entraredis/bench/internal/redisserver"
)

// A side is one of the two logins at work, with connections of its own.
type side struct {
	client  client
	load    workload
	workers []*worker
	record  *record // without the workers' latencies
}

// A worker is a goroutine that works in every slice: a new one for each would have to grow its stack in each.
type worker struct {
	call    func() error
	slices  chan *slice
	latency histogram
}

// A slice is a while of work.
type slice struct {
	warmUp  bool // nothing of it is kept
	over    atomic.Bool
	calls   atomic.Uint64
	failed  atomic.Pointer[error]
	working sync.WaitGroup
}

func newSide(ctx context.Context, s *redisserver.Server, c *comparison, l login) (*side, error) {
	h, err := c.opener.open(s, l, c.secure, nil)
	if err != nil {
		return nil, err
	}
	one := &side{client: h, load: c.work, record: newRecord()}
	for range c.work.workers {
		call, err := h.worker(ctx, c.work)
		if err != nil {
			return nil, errors.Join(err, one.close())
		}
		w := &worker{call: call, slices: make(chan *slice), latency: newHistogram()}
		one.workers = append(one.workers, w)
		go w.run()
	}
	return one, nil
}

func (s *side) close() error {
	for _, w := range s.workers {
		close(w.slices)
	}
	return s.client.close()
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

// work makes at least one call, also if the machine was busy with something else all the slice long.
func (w *worker) work(s *slice) (calls uint64, err error) {
	from := time.Now()
	for {
		if err := w.call(); err != nil {
			return calls, err
		}
		calls++
		now := time.Now()
		if !s.warmUp {
			_ = w.latency.RecordValue(min(int64(now.Sub(from)), int64(longest)))
		}
		if s.over.Load() {
			return calls, nil
		}
		from = now
	}
}

// work lets all workers work for a while, and returns how many commands that were.
func (s *side) work(this *slice, length time.Duration) (commands uint64, err error) {
	this.working.Add(len(s.workers))
	timer := time.AfterFunc(length, func() { this.over.Store(true) })
	defer timer.Stop()
	for _, w := range s.workers {
		w.slices <- this
	}
	this.working.Wait()
	if failed := this.failed.Load(); failed != nil {
		return 0, *failed
	}
	return this.calls.Load() * uint64(s.load.perCall), nil
}

// warmUp lets connections be dialed, and buffers and stacks grow.
func (s *side) warmUp(length time.Duration) error {
	_, err := s.work(&slice{warmUp: true}, length)
	return err
}

// measure works for a while, records what that took, and returns how many commands a second there were and how long the
// processor worked for each, in nanoseconds.
func (s *side) measure(length time.Duration) (rate, cpu float64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, from := processor(), time.Now()
	n, err := s.work(&slice{}, length)
	took, used := time.Since(from), processor()-start
	runtime.ReadMemStats(&after)
	if err != nil {
		return 0, 0, err
	}
	rate, cpu = float64(n)/took.Seconds(), float64(used)/float64(n)
	r := s.record
	r.Rates = append(r.Rates, rate)
	r.CPU = append(r.CPU, cpu)
	r.Commands += n
	r.Allocs += after.Mallocs - before.Mallocs
	r.Bytes += after.TotalAlloc - before.TotalAlloc
	return rate, cpu, nil
}

// recorded returns what was measured. No slice is under way.
func (s *side) recorded() *record {
	for _, w := range s.workers {
		s.record.Latency.Merge(w.latency.Histogram)
		w.latency.Reset()
	}
	return s.record
}

// processor returns how much time of the processor this process has used, and the kernel on its behalf.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

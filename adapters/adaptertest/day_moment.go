package adaptertest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// momentWaits is for what libraries do by themselves when the node is back, such as to subscribe again.
	momentWaits = 5 * time.Second
	// momentAfter is how long after the node is back the reboot's moment ends. From then on nothing may fail.
	momentAfter = 15 * time.Second
)

// A moment is that of the reboot: from when all connections are reset until some seconds after the node is back.
// In it, libraries make use of their own retries (MaxRetries of go-redis, those of rueidis), and when these are used
// up, as they are before the 20 s are over, or with redigo, which has none, the caller tries again every second.
type moment struct {
	called chan struct{} // closed when every worker shall use its connections

	mu             sync.Mutex
	from, back, to time.Time // zero: not yet
	away, after    int       // errors that callers got before the node was back, and in the seconds after that
}

func (m *moment) init() { m.called = make(chan struct{}) }

func (m *moment) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.from = time.Now()
}

func (m *moment) nodeIsBack() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.back = time.Now()
	m.to = m.back.Add(momentAfter)
}

func (m *moment) callAll() { close(m.called) }

func (m *moment) isCalled() bool {
	select {
	case <-m.called:
		return true
	default:
		return false
	}
}

func (m *moment) end() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.to
}

// excuses counts an error that a caller gets now, and reports whether it is in the moment.
func (m *moment) excuses() bool {
	now := time.Now()
	if !m.touches(now, now) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.back.IsZero() {
		m.away++
	} else {
		m.after++
	}
	return true
}

// touches reports whether what began and ended then was in the moment, with a part at least.
func (m *moment) touches(began, ended time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.from.IsZero() && !ended.Before(m.from) && (m.to.IsZero() || !began.After(m.to))
}

// call calls fn until it succeeds, as long as the moment excuses its errors.
func (d *day) call(fn func() error) error {
	for {
		err := fn()
		if err == nil {
			d.tally.calls.Add(1)
			return nil
		}
		if _ = d.output.saw(err); !d.reboot.excuses() || d.ctx.Err() != nil {
			return err
		}
		rest(d.ctx, time.Second)
	}
}

// rewarm makes the pool as large again as it was, in the moment.
func (d *day) rewarm() {
	d.eventually("after the reboot", func(ctx context.Context) error {
		return d.hold(d.client, dayConns, func(_ int, conn Conn) error {
			reply, err := conn.Do(ctx, "PING")
			if err == nil && reply != "PONG" {
				err = fmt.Errorf("PING was answered %q", reply)
			}
			return err
		})
	})
}

// A shift is the time of one worker.
type shift struct {
	*day
	called <-chan struct{} // nil when it has heard the call
}

// work has a worker call do again and again, each time 0.5 to 1.5 intervals after the last call.
func (d *day) work(what string, interval time.Duration, do func(iteration int) error) {
	d.workers.Go(func() {
		s := &shift{day: d, called: d.reboot.called}
		for iteration := 0; s.pause(interval/2 + d.dice.upTo(interval)); iteration++ {
			if err := d.call(func() error { return do(iteration) }); err != nil {
				d.failed(what, err)
				return
			}
		}
	})
}

// pause waits for pause, or until the day calls all workers, and reports false when the day has
// ended.
func (s *shift) pause(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-s.finished:
		return false
	case <-s.called:
		s.called = nil
	case <-timer.C:
	}
	return true
}

func (d *day) failed(what string, err error) {
	d.t.Helper()
	d.t.Errorf("%s, %v before the end of the day: %v", what, time.Until(d.ends), err)
}

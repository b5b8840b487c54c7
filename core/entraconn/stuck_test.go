package entraconn

import (
	"errors"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
)

// stuck takes nothing while it is full, and ends a write at its deadline.
type stuck struct {
	loop
	mu       sync.Mutex
	full     bool
	deadline time.Time
	changed  chan struct{}
}

func (c *stuck) SetDeadline(t time.Time) error { return c.SetWriteDeadline(t) }

func (c *stuck) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	c.wake()
	return nil
}

// drain makes room.
func (c *stuck) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.full = false
	c.wake()
}

func (c *stuck) wake() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

func (c *stuck) Write(p []byte) (int, error) {
	for {
		c.mu.Lock()
		until, changed := c.deadline, make(chan struct{})
		full := c.full
		c.changed = changed
		c.mu.Unlock()
		var passed <-chan time.Time
		switch {
		case !full:
			return c.loop.Write(p)
		case !until.IsZero():
			passed = time.After(time.Until(until))
		}
		select {
		case <-changed:
		case <-passed:
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// Whenever the host moves its deadline, and however little: a write that blocks ends when it has passed, or later by the
// leeway if it was far away at some time.
func TestWritesEndAtTheDeadlineOfTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rng := Random(t, 3, 3)
		inner := &stuck{}
		c := logIn(t, inner, &inner.loop)
		inner.full = true
		late, exact := 0, 0
		for i := range 1000 {
			<-time.After(2 * leeway) // what was set before is over
			began, end, far := time.Now(), time.Duration(0), false
			set := func(to time.Duration) {
				far = far || to-time.Since(began) >= farAway
				deadline := began.Add(to)
				if i%2 == 0 {
					deadline = deadline.Round(0) // as go-redis has them
				}
				switch i % 3 {
				case 0:
					c.SetDeadline(time.Time{})
					c.SetWriteDeadline(deadline)
				case 1:
					c.SetDeadline(deadline)
				default:
					c.SetWriteDeadline(deadline)
				}
				end = max(to, time.Since(began))
			}
			first := time.Duration(rng.Int64N(int64(3 * leeway)))
			if i%5 > 0 {
				first += farAway - leeway
			}
			set(first)
			written := make(chan error, 1)
			go func() {
				_, err := c.Write(modelserver.Encode("GET k"))
				written <- err
			}()
			var err error
			for ended := false; !ended; {
				select {
				case err = <-written:
					ended = true
				case <-time.After(time.Duration(rng.Int64N(int64(2 * farAway)))):
					switch to := time.Since(began); {
					case to >= end: // it may have ended
					case rng.IntN(3) == 0:
						set(to + time.Duration(rng.Int64N(int64(2*farAway))))
					default:
						set(end + time.Duration(rng.Int64N(int64(2*leeway))) - leeway)
					}
				}
			}
			beyond := time.Since(began) - end
			switch {
			case !errors.Is(err, os.ErrDeadlineExceeded), beyond < 0, beyond > leeway, beyond > 0 && !far:
				t.Fatalf("%v: ended %v after its deadline", err, beyond)
			case beyond > 0:
				late++
			default:
				exact++
			}
		}
		if late < 100 || exact < 100 {
			t.Errorf("late %d times, exact %d times", late, exact)
		}
		c.SetDeadline(time.Time{})
		inner.drain()
		if _, err := c.Write(modelserver.Encode("GET k")); err != nil || !inner.deadline.IsZero() {
			t.Errorf("then: %v, under the write deadline %v", err, inner.deadline)
		}
	})
}

// That the host wants none any more holds for a write that is under way as well.
func TestWritesUnderWayGoOnWithoutADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &stuck{}
		c := logIn(t, inner, &inner.loop)
		inner.full = true
		c.SetDeadline(time.Now().Add(farAway))
		written := make(chan error, 1)
		go func() {
			_, err := c.Write(modelserver.Encode("GET k"))
			written <- err
		}()
		synctest.Wait()
		c.SetWriteDeadline(time.Time{})
		<-time.After(time.Hour)
		select {
		case err := <-written:
			t.Fatalf("ended with %v", err)
		default:
		}
		inner.drain()
		if err := <-written; err != nil {
			t.Error(err)
		}
	})
}

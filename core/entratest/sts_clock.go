package entratest

import (
	"sync"
	"time"
)

// A clock is that of the servers. The zero clock is this machine's.
type clock struct {
	starved func() time.Duration // [STSOptions.Starved], or nil; does not change

	mu    sync.Mutex
	ahead time.Duration
	tells map[chan<- struct{}]bool // who waits for times of this clock, and must look again when it is set
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// judged is the time by which tokens are judged: it stands still while the program starves.
func (c *clock) judged() time.Time { return c.now().Add(-c.starvation()) }

// wait returns how long to wait until a judged time is due. While the program starves, judged time may stand still
// just before it, so a caller that looks again gets a pause.
func (c *clock) wait(until time.Time) time.Duration {
	d := until.Sub(c.judged())
	if c.starved != nil {
		d = max(d, time.Millisecond)
	}
	return d
}

// starvation is how long the program has starved so far.
func (c *clock) starvation() time.Duration {
	if c.starved == nil {
		return 0
	}
	return c.starved()
}

func (c *clock) set(ahead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = ahead
	for tell := range c.tells {
		select {
		case tell <- struct{}{}:
		default: // it is about to look anyway
		}
	}
}

func (c *clock) tell(ch chan<- struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tells == nil {
		c.tells = map[chan<- struct{}]bool{}
	}
	c.tells[ch] = true
}

func (c *clock) forget(ch chan<- struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tells, ch)
}

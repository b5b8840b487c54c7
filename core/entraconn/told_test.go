package entraconn

import (
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// timed records the write deadline that each write meets, and how often it is told one.
type timed struct {
	loop
	deadline, met, readUnder time.Time
	told                     int
	reading                  func() // called in each read
}

func (c *timed) Read(p []byte) (int, error) {
	c.readUnder = c.deadline
	if c.reading != nil {
		c.reading()
	}
	return c.loop.Read(p)
}

func (c *timed) Write(p []byte) (int, error) {
	c.met = c.deadline
	return c.loop.Write(p)
}

func (c *timed) SetReadDeadline(time.Time) error {
	c.told++
	return nil
}

func (c *timed) SetWriteDeadline(t time.Time) error {
	c.deadline = t
	c.told++
	return nil
}

func (c *timed) SetDeadline(t time.Time) error { return c.SetWriteDeadline(t) }

// meets reports whether a write deadline is what the host wants, which is none or far away: it may be later by the leeway.
func meets(below, host time.Time) bool {
	late := below.Sub(host)
	return below.IsZero() == host.IsZero() && 0 <= late && late <= leeway
}

// Hosts set two or three deadlines with each command.
func TestBusyHostsTellFewDeadlines(t *testing.T) {
	inner := &timed{}
	c := logIn(t, inner, &inner.loop)
	start, buf := time.Now().Add(time.Minute), make([]byte, 100)
	for i := range 1000 {
		at := start.Add(time.Duration(i) * 500 * time.Microsecond)
		c.SetDeadline(time.Time{})
		c.SetWriteDeadline(at)
		if _, err := c.Write(encodeOne("GET k")); err != nil || !meets(inner.met, at) {
			t.Fatalf("%v: written under %v, want %v", err, inner.met, at)
		}
		c.SetReadDeadline(at)
		if _, err := c.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	if inner.told > 20+10 { // of each kind, ten in half a second
		t.Errorf("%d deadlines of 4000 were told", inner.told)
	}
}

// To read may be to write: TLS answers a KeyUpdate.
func TestReadsMeetTheWriteDeadlineOfTheHost(t *testing.T) {
	inner := &timed{}
	c := logIn(t, inner, &inner.loop)
	read := func() {
		t.Helper()
		c.SetDeadline(time.Now().Add(time.Hour))
		if _, err := c.Write(encodeOne("GET k")); err != nil {
			t.Fatal(err)
		}
		if inner.reading == nil {
			c.SetDeadline(time.Time{})
		}
		if _, err := c.Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if read(); !inner.readUnder.IsZero() {
		t.Errorf("read under the write deadline %v", inner.readUnder)
	}
	c.SetDeadline(time.Now().Add(time.Hour))
	c.SetDeadline(time.Time{})
	c.rmu.Lock()
	_ = c.readEarly(make([]byte, lookSize), time.Millisecond)
	c.rmu.Unlock()
	if !inner.readUnder.IsZero() {
		t.Errorf("a worker reads under the write deadline %v", inner.readUnder)
	}
	inner.reading = func() { // another goroutine does, while it blocks
		if c.SetDeadline(time.Time{}); !inner.deadline.IsZero() {
			t.Errorf("goes on reading under the write deadline %v", inner.deadline)
		}
	}
	read()
}

// A deadline that the host sets between a write's look at signals and what it does about that is the one that is told.
func TestWritesCatchUpWithTheLatest(t *testing.T) {
	inner, c := onClocked()
	c.SetWriteDeadline(time.Now().Add(time.Minute))
	c.SetWriteDeadline(time.Time{})
	if !c.signals.has(untold) {
		t.Fatal("told at once")
	}
	at := time.Now().Add(farAway / 2)
	c.SetWriteDeadline(at)
	c.wmu.Lock()
	c.deadlines.catchUp(c)
	c.wmu.Unlock()
	if !inner.write.Equal(at) {
		t.Errorf("%v, want %v", inner.write, at)
	}
}

// A read that is under way meets it as well, at once.
func TestReadsUnderWayMeetTheWriteDeadlineOfTheHost(t *testing.T) {
	inner, c := onClocked()
	c.SetDeadline(time.Now().Add(time.Minute))
	c.rmu.Lock()
	defer c.rmu.Unlock()
	if c.SetWriteDeadline(time.Time{}); !inner.write.IsZero() {
		t.Errorf("goes on reading under the write deadline %v", inner.write)
	}
}

// A write meets the deadline that the host wants when it writes, also if that is none.
func TestWritesMeetTheDeadlineOfTheHost(t *testing.T) {
	for _, command := range []string{"GET k", "MULTI", "BLPOP k 0"} {
		inner := &timed{}
		c := logIn(t, inner, &inner.loop)
		c.SetDeadline(time.Now().Add(time.Hour))
		for _, at := range []time.Time{{}, time.Now().Add(time.Minute), {}} {
			c.SetWriteDeadline(at)
			if _, err := c.Write(encodeOne(command)); err != nil || !meets(inner.met, at) {
				t.Errorf("%s: %v, written under %v, want %v", command, err, inner.met, at)
			}
			if _, err := c.Read(make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A connection that sets deadlines of its own is told all of the host's.
func TestOtherConnectionsAreToldEveryDeadline(t *testing.T) {
	inner := &timed{}
	c := logIn(t, inner, &inner.loop)
	c.tame = false
	inner.told = 0
	for i := range 100 {
		at := time.Now().Add(time.Minute + time.Duration(i)*time.Microsecond)
		c.SetDeadline(at)
		c.SetReadDeadline(at)
		c.SetWriteDeadline(at)
		c.SetWriteDeadline(time.Time{})
	}
	if inner.told != 400 {
		t.Errorf("%d of 400 were told", inner.told)
	}
}

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
		rng := rand.New(rand.NewPCG(3, 3))
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
				_, err := c.Write(encodeOne("GET k"))
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
		if _, err := c.Write(encodeOne("GET k")); err != nil || !inner.deadline.IsZero() {
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
			_, err := c.Write(encodeOne("GET k"))
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

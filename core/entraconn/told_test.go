package entraconn

import (
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/modelserver"
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
		if _, err := c.Write(modelserver.Encode("GET k")); err != nil || !meets(inner.met, at) {
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
		if _, err := c.Write(modelserver.Encode("GET k")); err != nil {
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

// A write meets the deadline that the host wants when it writes, also if that is none.
func TestWritesMeetTheDeadlineOfTheHost(t *testing.T) {
	for _, command := range []string{"GET k", "MULTI", "BLPOP k 0"} {
		inner := &timed{}
		c := logIn(t, inner, &inner.loop)
		c.SetDeadline(time.Now().Add(time.Hour))
		for _, at := range []time.Time{{}, time.Now().Add(time.Minute), {}} {
			c.SetWriteDeadline(at)
			if _, err := c.Write(modelserver.Encode(command)); err != nil || !meets(inner.met, at) {
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

package entraconn

import (
	"os"
	"testing"
	"time"
)

// A read that is to return does, whoever reads meanwhile and whatever deadline the host moves.
func TestWakesLastUntilTheyAreNoticed(t *testing.T) {
	inner, c := onClocked()
	moved := time.Now().Add(time.Minute)
	wakes := func(what string) {
		t.Helper()
		if !inner.read.Equal(longAgo) {
			t.Errorf("%s: the read deadline is %v", what, inner.read)
		}
	}
	c.SetReadDeadline(moved)
	moved = moved.Add(time.Millisecond)
	c.SetReadDeadline(moved) // which the connection below is not told
	for range 2 {
		c.deadlines.wakeRead(c)
		wakes("a wake")
		if c.deadlines.wokenEarly(c, os.ErrDeadlineExceeded) {
			t.Error("a wake of ours was taken for the host's deadline")
		}
		c.SetReadDeadline(moved)
		wakes("the host has set its own")
		c.deadlines.beginRead(c, moved)
		wakes("a read of ours begins")
		c.deadlines.endRead(c)
		wakes("it has ended")
		if c.deadlines.endWake(c); !inner.read.Equal(moved) {
			t.Errorf("noticed, and then %v", inner.read)
		}
		c.deadlines.beginRead(c, moved)
		c.deadlines.wakeRead(c)
		c.deadlines.endRead(c)
		wakes("a wake during a read of ours")
		c.deadlines.endWake(c)
	}
	c.deadlines.interrupt(inner)
	c.SetReadDeadline(moved)
	c.deadlines.beginRead(c, moved)
	c.deadlines.endRead(c)
	c.deadlines.wakeRead(c)
	c.deadlines.endWake(c)
	wakes("interrupted for good")
}

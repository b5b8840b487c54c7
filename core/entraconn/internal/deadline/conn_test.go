package deadline_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entraconn/internal/deadline"
)

// below records the deadlines that reach the connection below.
type below struct {
	net.Conn
	read, write time.Time
	closed      bool
}

func (b *below) set(t time.Time, deadlines ...*time.Time) error {
	if b.closed {
		return net.ErrClosed
	}
	for _, d := range deadlines {
		*d = t
	}
	return nil
}

func (b *below) SetDeadline(t time.Time) error      { return b.set(t, &b.read, &b.write) }
func (b *below) SetReadDeadline(t time.Time) error  { return b.set(t, &b.read) }
func (b *below) SetWriteDeadline(t time.Time) error { return b.set(t, &b.write) }

// While a deadline of ours is in force the client's are stored, whatever they are. Then its latest
// one is.
func TestClientDeadlinesWaitForOurs(t *testing.T) {
	ours, clients := time.Now().Add(time.Second), time.Now().Add(time.Minute)
	for _, both := range []bool{false, true} {
		for _, at := range []time.Time{clients, clients.Round(0), time.Unix(1, 0), {}} {
			inner := &below{}
			c := &deadline.Conn{Conn: inner}
			set := func() {
				if both {
					c.SetDeadline(at)
				} else {
					c.SetReadDeadline(at)
					c.SetWriteDeadline(at)
				}
			}
			c.BeginRead(ours)
			set()
			if inner.read != ours || inner.write != at {
				t.Errorf("a read of ours: %v, %v", inner.read, inner.write)
			}
			c.EndRead()
			if inner.read != at {
				t.Errorf("after a read of ours: %v, want %v", inner.read, at)
			}
			inner.read, inner.write = time.Time{}, time.Time{}
			c.BeginWrite(ours)
			set()
			if inner.write != ours || inner.read != at || c.ClientWrite() != at {
				t.Errorf("a write of ours: %v, %v", inner.read, inner.write)
			}
			c.EndWrite()
			if inner.write != at {
				t.Errorf("after a write of ours: %v, want %v", inner.write, at)
			}
		}
	}
}

// A model of both users makes random calls. After each, the deadlines below are exactly those of
// whose turn it is.
func TestDeadlinesBelowAreExact(t *testing.T) {
	synctest.Test(t, deadlinesBelowAreExact)
}

func deadlinesBelowAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	now, ours := time.Now(), time.Now().Add(30*time.Second)
	steps := []string{
		"SetDeadline", "SetReadDeadline", "SetWriteDeadline", "BeginRead or EndRead", "BeginWrite or EndWrite",
		"WakeRead", "EndWake", "HurryRead or Hurried", "HurryWrite", "WriteHurried", "Interrupt",
	}
	seen := map[string]int{}
	for range 2000 {
		inner := &below{read: now, write: now} // as a dialer may have left them, until the client sets its own
		c := &deadline.Conn{Conn: inner}
		var read, write time.Time // the client's
		var reading, writing, woken, interrupted, hurrying, hurried bool
		writesWait, wantWrite := 0, time.Time{}
		c.SetDeadline(time.Time{})
		story := ""
		for range 16 {
			at := time.Time{}
			if rng.IntN(4) > 0 {
				at = now.Add(time.Duration(rng.IntN(3)) * time.Minute)
			}
			step := steps[rng.IntN(len(steps))]
			if step == "Interrupt" && rng.IntN(8) > 0 {
				continue // it is for good
			}
			story += fmt.Sprintf("%s(%v) ", step, at.Sub(now))
			switch step {
			case "SetDeadline":
				read, write = at, at
				c.SetDeadline(at)
			case "SetReadDeadline":
				read = at
				c.SetReadDeadline(at)
			case "SetWriteDeadline":
				write = at
				c.SetWriteDeadline(at)
			case "BeginRead or EndRead":
				if reading = !reading; reading {
					c.BeginRead(ours)
					hurried = hurrying
				} else {
					c.EndRead()
				}
			case "BeginWrite or EndWrite":
				if writing = !writing; writing {
					c.BeginWrite(ours)
					wantWrite = ours
				} else {
					c.EndWrite()
				}
			case "WakeRead":
				woken = true
				c.WakeRead()
			case "EndWake":
				hurried = hurried || woken && reading // a read of ours stays woken
				woken = false
				c.EndWake()
			case "HurryRead or Hurried":
				if hurrying = !hurrying; hurrying {
					c.HurryRead()
					hurried = hurried || reading
				} else {
					c.Hurried()
				}
			case "HurryWrite":
				switch err := c.HurryWrite(); {
				case (err != nil) != (write == now):
					t.Fatalf("%s\nHurryWrite: %v", story, err)
				case err == nil:
					writesWait++
				}
			case "WriteHurried":
				if writesWait > 0 {
					c.WriteHurried()
					writesWait--
				}
			case "Interrupt":
				interrupted = true
				c.Interrupt()
			}
			if !reading {
				hurried = false
			}
			wantRead, why := read, "client"
			switch {
			case woken || interrupted || hurried:
				wantRead, why = time.Unix(1, 0), "woken"
			case reading:
				wantRead, why = ours, "ours"
			}
			seen[why]++
			switch {
			case !writing:
				wantWrite = write
			case writesWait > 0 && step != "WriteHurried":
				wantWrite = now.Add(time.Minute)
				if !write.IsZero() && write.Before(wantWrite) {
					wantWrite = write
				}
				seen["write is hurried"]++
			}
			if inner.read != wantRead || inner.write != wantWrite {
				t.Fatalf("%s\nread deadline %v, want %v\nwrite deadline %v, want %v", story, inner.read, wantRead, inner.write, wantWrite)
			}
		}
	}
	for _, why := range []string{"client", "woken", "ours", "write is hurried"} {
		if seen[why] < 1000 {
			t.Errorf("%s only %d times", why, seen[why])
		}
	}
}

func TestDeadlinesAfterCloseAreErrors(t *testing.T) {
	inner := &below{closed: true}
	c := &deadline.Conn{Conn: inner}
	for _, set := range []func(time.Time) error{c.SetDeadline, c.SetReadDeadline, c.SetWriteDeadline} {
		if err := set(time.Now()); err != net.ErrClosed {
			t.Error(err)
		}
	}
}

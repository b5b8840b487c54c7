package overhead

import (
	"context"
	"fmt"
	"math"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entraredis/entraredis/bench/internal/redisserver"
)

// What a command costs is compared by what can be counted: allocations, and calls of the connection below. Seconds differ
// from machine to machine and from minute to minute; these do not.
type cost struct{ allocs, writes, reads, deadlines float64 }

// counts counts what is called on connections.
type counts struct{ writes, reads, deadlines atomic.Int64 }

type counted struct {
	net.Conn
	*counts
}

func (c counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func (c counted) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.Conn.Read(p)
}

func (c counted) SetDeadline(t time.Time) error {
	c.deadlines.Add(1)
	return c.Conn.SetDeadline(t)
}

func (c counted) SetReadDeadline(t time.Time) error {
	c.deadlines.Add(1)
	return c.Conn.SetReadDeadline(t)
}

func (c counted) SetWriteDeadline(t time.Time) error {
	c.deadlines.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

// wasteful makes every command dearer, by an allocation or by a call.
type wasteful struct {
	net.Conn
	allocates bool
	waste     []byte
}

func (w *wasteful) Write(p []byte) (int, error) {
	if w.allocates {
		w.waste = make([]byte, 64)
	} else if err := w.SetWriteDeadline(time.Time{}); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

// costOf measures one goroutine.
func costOf(t *testing.T, s *redisserver.Server, o opener, w workload, l login, waste func(net.Conn) net.Conn) cost {
	t.Helper()
	var n counts
	h, err := o.open(s, l, false, func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := hiding(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c = counted{c, &n}
		if waste != nil {
			c = waste(c)
		}
		return c, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	call, err := h.worker(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	work := func(times int) {
		for range times {
			if err := call(); err != nil {
				t.Fatal(err)
			}
		}
	}
	const times = 2000
	work(100) // connections are dialed, buffers have grown
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	writes, reads, deadlines := n.writes.Load(), n.reads.Load(), n.deadlines.Load()
	work(times)
	runtime.ReadMemStats(&after)
	return cost{
		float64(after.Mallocs-before.Mallocs) / times, float64(n.writes.Load()-writes) / times,
		float64(n.reads.Load()-reads) / times, float64(n.deadlines.Load()-deadlines) / times,
	}
}

// dearer says what ours costs more than base, nothing if that is nothing. What clients do in the
// background, and pools that the garbage collector empties, add a small part to a call.
func dearer(base, ours cost, readsTold bool) string {
	const small = 0.2
	for _, c := range []struct {
		what       string
		base, ours float64
	}{
		{"allocations", base.allocs, ours.allocs}, {"writes", base.writes, ours.writes}, {"set deadlines", base.deadlines, ours.deadlines},
		{"reads", base.reads, ours.reads},
	} {
		if c.what == "reads" && !readsTold {
			continue // long replies come in as many pieces as they like
		}
		if c.ours > c.base+small {
			return fmt.Sprintf("%.2f %s a call, %.2f without us", c.ours, c.what, c.base)
		}
	}
	return ""
}

func TestTokensCostNoAllocationAndNoCall(t *testing.T) {
	s := start(t)
	for _, o := range openers() {
		for _, w := range workloads() {
			if w.workers > 1 || w.what == pubsub {
				continue // how many messages and commands share a write or a read is up to chance there
			}
			base := costOf(t, s, o, w, login{name: "static"}, nil)
			ours := costOf(t, s, o, w, login{name: "tokens", tokens: true}, nil)
			t.Logf("%s, %s: %+v, without us %+v", o.name, w.name, ours, base)
			if more := dearer(base, ours, w.what == get); more != "" {
				t.Errorf("%s, %s: %s", o.name, w.name, more)
			}
		}
	}
}

// A guard that notices nothing would be useless.
func TestGuardNoticesOneMoreAllocationOrCall(t *testing.T) {
	s := start(t)
	for _, o := range openers() {
		// Beside ours as it is: where we save a call, one more would only make up for that.
		base := costOf(t, s, o, workloads()[0], login{name: "tokens", tokens: true}, nil)
		for _, allocates := range []bool{true, false} {
			ours := costOf(t, s, o, workloads()[0], login{name: "tokens", tokens: true}, func(c net.Conn) net.Conn {
				return &wasteful{Conn: c, allocates: allocates}
			})
			if more := dearer(base, ours, true); more == "" {
				t.Errorf("%s: one more for each command (an allocation: %v) went unnoticed: %+v, %+v", o.name, allocates, ours, base)
			}
		}
	}
}

func TestConnectionTakesHalfAKilobyteAtMost(t *testing.T) {
	m, err := remember(t.Context(), start(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", m)
	if more := m.Ours - m.Bare; more > 512 || math.IsNaN(more) {
		t.Errorf("%.0f bytes", more)
	}
}

func start(t *testing.T) *redisserver.Server {
	t.Helper()
	s, err := redisserver.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := fill(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

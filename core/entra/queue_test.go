package entra_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

func TestObserverThatEndsItsGoroutineIsCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		src := newSource(t, minting(life), &entra.Options{Observer: &entra.Observer{
			Reconnected: func(context.Context, entra.ReconnectedInfo) {
				calls++
				runtime.Goexit()
			},
		}})
		for range 3 {
			src.Observer().Reconnected(t.Context(), entra.ReconnectedInfo{})
		}
		if synctest.Wait(); calls != 3 {
			t.Errorf("it was called %d times", calls)
		}
	})
}

// A queue's goroutine ends when there is nothing to call, and another one may begin in that moment.
func TestObserverIsCalledByOneGoroutineAtATime(t *testing.T) {
	var inside, together, spin atomic.Int64
	src := newSource(t, minting(life), &entra.Options{Observer: &entra.Observer{
		Reconnected: func(context.Context, entra.ReconnectedInfo) {
			if inside.Add(1) > 1 {
				together.Add(1)
			}
			inside.Add(-1)
		},
	}})
	o, ctx := src.Observer(), t.Context()
	for i := range 100_000 {
		o.Reconnected(ctx, entra.ReconnectedInfo{})
		for range i % 64 { // in all distances to the end of the goroutine
			spin.Add(1)
		}
	}
	if n := together.Load(); n > 0 {
		t.Errorf("%d calls began before another one had returned", n)
	}
}

// A full queue drops the oldest events, but no opening without its closing.
func TestFullQueueDropsTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const capacity, auths, conns = 4096, 5000, 6000
		var log bytes.Buffer
		release := make(chan struct{})
		open := map[uint64]bool{}
		var odd []string
		var seen []uint64
		observer := &entra.Observer{
			RotationDone: func(context.Context, entra.RotationDoneInfo) { <-release },
			ConnOpened: func(ctx context.Context, i entra.ConnOpenedInfo) context.Context {
				open[i.Conn.ID] = true
				return ctx
			},
			ConnClosed: func(_ context.Context, i entra.ConnClosedInfo) {
				if !open[i.Conn.ID] {
					odd = append(odd, fmt.Sprint("closed before it was opened: ", i.Conn.ID))
				}
				delete(open, i.Conn.ID)
			},
			AuthDone: func(_ context.Context, i entra.AuthDoneInfo) { seen = append(seen, i.Conn.ID) },
		}
		src := newSource(t, minting(life), &entra.Options{Observer: observer, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		mustToken(t, src)
		o, ctx := src.Observer(), t.Context()
		conn := func(id uint64) entra.ConnInfo { return entra.ConnInfo{Library: "test", ID: id} }
		for id := range uint64(10) {
			o.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: conn(id)})
		}
		synctest.Wait()
		o.RotationDone(ctx, entra.RotationDoneInfo{})
		synctest.Wait()
		for id := range uint64(auths) {
			o.AuthDone(ctx, entra.AuthDoneInfo{Conn: conn(id)})
		}
		if got := src.Status().DroppedEvents; got != auths-capacity {
			t.Errorf("%d events were dropped, want %d", got, auths-capacity)
		}
		for id := range uint64(conns) {
			if id >= 10 {
				o.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: conn(id)})
			}
		}
		for id := range uint64(conns - 3) {
			o.ConnClosed(ctx, entra.ConnClosedInfo{Conn: conn(id)})
		}
		synctest.Wait()
		if n := strings.Count(log.String(), "does not keep up"); n != 1 || !strings.Contains(log.String(), "TestFullQueueDropsTheOldest") {
			t.Errorf("%d lines that name the function:\n%s", n, &log)
		}
		close(release)
		synctest.Wait()
		if len(seen) != capacity || seen[0] != auths-capacity || !slices.IsSorted(seen) {
			t.Errorf("%d AUTHs were delivered, want the last %d", len(seen), capacity)
		}
		if want := map[uint64]bool{conns - 3: true, conns - 2: true, conns - 1: true}; !maps.Equal(open, want) || len(odd) > 0 {
			t.Errorf("open are %v, want %v; %v", open, want, odd)
		}
		if got := src.Status().DroppedEvents; got <= auths-capacity || got > auths-capacity+2*conns {
			t.Errorf("%d events were dropped", got)
		}
	})
}

// An observer of closings alone has no openings that they could be dropped with, and the reverse.
func TestQueueOfOpeningsOrClosingsAloneIsBounded(t *testing.T) {
	for _, event := range []string{"openings", "closings"} {
		t.Run(event, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const capacity, conns = 4096, 10_000
				release := make(chan struct{})
				calls := 0
				observer := &entra.Observer{ConnClosed: func(context.Context, entra.ConnClosedInfo) { calls++; <-release }}
				if event == "openings" {
					observer = &entra.Observer{ConnOpened: func(ctx context.Context, _ entra.ConnOpenedInfo) context.Context {
						calls++
						<-release
						return ctx
					}}
				}
				src := newSource(t, minting(life), &entra.Options{Observer: observer})
				for id := range uint64(conns) {
					conn := entra.ConnInfo{ID: id}
					ctx := src.Observer().ConnOpened(t.Context(), entra.ConnOpenedInfo{Conn: conn})
					src.Observer().ConnClosed(ctx, entra.ConnClosedInfo{Conn: conn})
					synctest.Wait()
				}
				if got := src.Status().DroppedEvents; got != conns-capacity-1 {
					t.Errorf("%d events were dropped, want %d", got, conns-capacity-1)
				}
				close(release)
				if synctest.Wait(); calls != capacity+1 {
					t.Errorf("%d calls, want %d", calls, capacity+1)
				}
			})
		})
	}
}

// With openings and closings alone a queue stays small as well, and an observer counts connections right
// whatever it has missed.
func TestFullQueueDropsConnectionsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const capacity, conns, together = 4096, 50_000, 1000
		release := make(chan struct{})
		open, calls := map[uint64]bool{}, 0
		observer := &entra.Observer{
			RotationDone: func(context.Context, entra.RotationDoneInfo) { <-release },
			ConnOpened: func(ctx context.Context, i entra.ConnOpenedInfo) context.Context {
				calls++
				open[i.Conn.ID] = true
				return ctx
			},
			ConnClosed: func(_ context.Context, i entra.ConnClosedInfo) {
				calls++
				if !open[i.Conn.ID] {
					t.Errorf("connection %d was closed and not opened", i.Conn.ID)
				}
				delete(open, i.Conn.ID)
			},
		}
		src := newSource(t, minting(life), &entra.Options{Observer: observer})
		o, ctx := src.Observer(), t.Context()
		o.RotationDone(ctx, entra.RotationDoneInfo{})
		synctest.Wait()
		for id := range uint64(conns) {
			o.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: entra.ConnInfo{Library: "test", ID: id}})
			if id >= together {
				o.ConnClosed(ctx, entra.ConnClosedInfo{Conn: entra.ConnInfo{Library: "test", ID: id - together}})
			}
		}
		dropped := src.Status().DroppedEvents
		if most := uint64(capacity + 2*together); 2*conns-together-dropped > most {
			t.Errorf("%d events are queued, want %d at most", 2*conns-together-dropped, most)
		}
		close(release)
		synctest.Wait()
		if uint64(calls) != 2*conns-together-dropped || src.Status().DroppedEvents != dropped {
			t.Errorf("%d calls, %d events were dropped, want %d together", calls, dropped, 2*conns-together)
		}
		for id := range uint64(conns) {
			if isOpen := id >= conns-together; open[id] != isOpen {
				t.Fatalf("connection %d is open: %t, want %t", id, open[id], isOpen)
			}
		}
	})
}

// Close drops what an observer that blocks has not got, and says so, of that one only.
func TestCloseDropsWhatABlockedObserverHasNotGot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		release := make(chan struct{})
		calls := 0
		observer := observing(func(ctx context.Context, _ string, _ time.Time) context.Context {
			calls++
			<-release
			return ctx
		})
		for range 10 {
			observer = entra.JoinObservers(observer, new(record).observer())
		}
		src := newSource(t, minting(life), &entra.Options{Observer: observer, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		mustToken(t, src)
		closeWithin(t, src)
		if n := strings.Count(log.String(), "Close"); n != 1 || src.Status().DroppedEvents != 3 {
			t.Errorf("%d events were dropped, log:\n%s", src.Status().DroppedEvents, &log)
		}
		close(release)
		synctest.Wait()
		if calls != 1 {
			t.Errorf("%d events were delivered", calls)
		}
	})
}

// A queue that is full of openings makes an event no more expensive.
func BenchmarkClosingInAFullQueue(b *testing.B) {
	for _, conns := range []uint64{5000, 100_000} {
		b.Run(fmt.Sprint(conns), func(b *testing.B) {
			release := make(chan struct{})
			defer close(release)
			src := newSource(b, minting(life), &entra.Options{Observer: &entra.Observer{
				ConnOpened: func(ctx context.Context, _ entra.ConnOpenedInfo) context.Context { <-release; return ctx },
				ConnClosed: func(context.Context, entra.ConnClosedInfo) {},
			}})
			o, ctx := src.Observer(), context.Background()
			id := uint64(0)
			opens := func() {
				id++
				o.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: entra.ConnInfo{ID: id}})
			}
			for range conns {
				opens()
			}
			for b.Loop() {
				opens()
				o.ConnClosed(ctx, entra.ConnClosedInfo{Conn: entra.ConnInfo{ID: id}})
			}
		})
	}
}

// An event costs its sender a few microseconds, however slow the observer is.
func BenchmarkEvent(b *testing.B) {
	for _, parts := range []int{0, 1, 2} {
		b.Run(fmt.Sprint(parts), func(b *testing.B) {
			var calls atomic.Int64
			var observer *entra.Observer
			for range parts {
				observer = entra.JoinObservers(observer, &entra.Observer{
					AuthStart: func(ctx context.Context, _ entra.AuthStartInfo) context.Context { calls.Add(1); return ctx },
					AuthDone:  func(context.Context, entra.AuthDoneInfo) { calls.Add(1) },
				})
			}
			o := newSource(b, minting(life), &entra.Options{Observer: observer}).Observer()
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				o.AuthDone(o.AuthStart(ctx, entra.AuthStartInfo{}), entra.AuthDoneInfo{})
			}
		})
	}
}

package entraconn_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A saboteur is an observer and a log handler of which every function misbehaves.
type saboteur struct {
	src      *entra.Source
	released chan struct{}      // closed at the end, so that no goroutine is left
	lock     chan struct{}      // holds one value while it is locked
	act      func(s *saboteur)  // what it does
	closes   chan time.Duration // how long its Close took
	once     sync.Once
	ending   atomic.Bool // the test has seen its rotations
}

// sabotages are what the functions of a saboteur do.
func sabotages() map[string]func(s *saboteur) {
	return map[string]func(s *saboteur){
		"blocks": func(s *saboteur) { <-s.released },
		"panics with its lock held": func(s *saboteur) {
			select {
			case s.lock <- struct{}{}:
			case <-s.released:
			}
			panic("lock held")
		},
		"sleeps": func(*saboteur) { time.Sleep(time.Second) },
		"closes the Source": func(s *saboteur) {
			if !s.ending.Load() {
				return
			}
			s.once.Do(func() {
				began := time.Now()
				_ = s.src.Close()
				s.closes <- time.Since(began)
			})
		},
	}
}

// observer returns an observer of which every function acts.
func (s *saboteur) observer() *entra.Observer {
	return &entra.Observer{
		RefreshStart:  sabotagedStart[entra.RefreshStartInfo](s),
		RefreshDone:   sabotagedDone[entra.RefreshDoneInfo](s),
		AttemptStart:  sabotagedStart[entra.AttemptStartInfo](s),
		AttemptDone:   sabotagedDone[entra.AttemptDoneInfo](s),
		ConnOpened:    sabotagedStart[entra.ConnOpenedInfo](s),
		ConnClosed:    sabotagedDone[entra.ConnClosedInfo](s),
		AuthStart:     sabotagedStart[entra.AuthStartInfo](s),
		AuthDone:      sabotagedDone[entra.AuthDoneInfo](s),
		RotationStart: sabotagedStart[entra.RotationStartInfo](s),
		RotationDone:  sabotagedDone[entra.RotationDoneInfo](s),
		Reconnected:   sabotagedDone[entra.ReconnectedInfo](s),
	}
}

func sabotagedStart[I any](s *saboteur) func(context.Context, I) context.Context {
	return func(ctx context.Context, _ I) context.Context {
		s.act(s)
		return ctx
	}
}

func sabotagedDone[I any](s *saboteur) func(context.Context, I) {
	return func(context.Context, I) { s.act(s) }
}

// Enabled implements [slog.Handler].
func (s *saboteur) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements [slog.Handler].
func (s *saboteur) Handle(context.Context, slog.Record) error {
	s.act(s)
	return nil
}

// WithAttrs implements [slog.Handler].
func (s *saboteur) WithAttrs([]slog.Attr) slog.Handler { return s }

// WithGroup implements [slog.Handler].
func (s *saboteur) WithGroup(string) slog.Handler { return s }

// A chronicle is what a healthy observer is told, in order.
type chronicle struct {
	mu     sync.Mutex
	events []string
}

func (c *chronicle) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, fmt.Sprintf(format, args...))
}

func (c *chronicle) observer() *entra.Observer {
	return &entra.Observer{
		RefreshDone: func(_ context.Context, i entra.RefreshDoneInfo) { c.note("refreshed %t", i.Err == nil) },
		ConnOpened: func(ctx context.Context, i entra.ConnOpenedInfo) context.Context {
			c.note("%d opened", i.Conn.ID)
			return ctx
		},
		ConnClosed: func(_ context.Context, i entra.ConnClosedInfo) { c.note("%d closed", i.Conn.ID) },
		AuthStart: func(ctx context.Context, i entra.AuthStartInfo) context.Context {
			c.note("%d begins %s", i.Conn.ID, i.Phase)
			return ctx
		},
		AuthDone: func(_ context.Context, i entra.AuthDoneInfo) { c.note("%d ends %s", i.Conn.ID, i.Phase) },
		RotationStart: func(ctx context.Context, _ entra.RotationStartInfo) context.Context {
			c.note("rotation begins")
			return ctx
		},
		RotationDone: func(_ context.Context, i entra.RotationDoneInfo) { c.note("rotation ends, %d renewed", i.Renewed) },
	}
}

// checkConn fails the test unless the events of a connection are complete and in order, and returns
// how many AUTHs they tell of.
func (c *chronicle) checkConn(t *testing.T, id int) (auths int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	var got []string
	for _, e := range c.events {
		if what, isOfConn := strings.CutPrefix(e, fmt.Sprint(id, " ")); isOfConn {
			got = append(got, what)
		}
	}
	want := []string{"opened", "begins initial", "ends initial"}
	for len(want)+2 < len(got) {
		want = append(want, "begins rotation", "ends rotation")
	}
	want = append(want, "closed")
	if !slices.Equal(got, want) {
		t.Errorf("connection %d: %q", id, got)
	}
	return len(want)/2 - 1
}

// Whatever the functions of the user do, a hundred rotations reach every connection, and Close
// returns.
func TestUsersFunctionsHoldUpNoConnection(t *testing.T) {
	for name, act := range sabotages() {
		for _, place := range []string{"observer", "observer, joined first", "observer, joined second", "log handler"} {
			t.Run(name+"/"+place, func(t *testing.T) {
				inBubble(t, func(s *site) { sabotage(s, act, place) })
			})
		}
	}
}

// sabotage lives through a hundred rotations with an observer or a log handler that misbehaves.
func sabotage(s *site, act func(*saboteur), place string) {
	const conns, rotations = 3, 100
	bad := &saboteur{
		released: make(chan struct{}), lock: make(chan struct{}, 1), act: act, closes: make(chan time.Duration, 1),
	}
	var healthy chronicle
	opts := &entra.Options{Observer: bad.observer()}
	switch place {
	case "observer, joined first":
		opts.Observer = entra.JoinObservers(opts.Observer, healthy.observer())
	case "observer, joined second":
		opts.Observer = entra.JoinObservers(healthy.observer(), opts.Observer)
	case "log handler":
		opts.Observer, opts.Logger = healthy.observer(), slog.New(bad)
	}
	_ = s.src.Close() // the one of the site would meet the faults
	var err error
	if s.src, err = entra.NewSource(s.sts.Credential(), opts); err != nil {
		s.t.Fatal(err)
	}
	bad.src = s.src
	open := s.dialer(nil)
	var clients []*client
	for range conns {
		c := open()
		c.do("PING", "+PONG")
		clients = append(clients, c)
	}
	for range rotations {
		s.sts.Inject(entratest.Fault{Status: 503, Count: 1}) // there is something to log
		s.afterRotation()
		for _, c := range clients {
			c.do("PING", "+PONG")
		}
	}
	stats := s.gateway.Stats()
	if stats.Expired != 0 || stats.Accepted != conns || stats.Auths < conns*(rotations+1) {
		s.t.Errorf("of %d connections with %d AUTHs %d expired", stats.Accepted, stats.Auths, stats.Expired)
	}
	bad.ending.Store(true)
	for _, c := range clients {
		c.Close()
	}
	s.sts.Inject(entratest.Fault{Status: 503, Count: 1})
	s.nextToken()
	began := time.Now()
	_ = s.src.Close()
	if took := time.Since(began); took > time.Second {
		s.t.Errorf("Close took %v", took)
	}
	if strings.Contains(s.t.Name(), "closes") {
		select {
		case took := <-bad.closes:
			if took > time.Second {
				s.t.Errorf("Close took %v in a function of the user", took)
			}
		case <-time.After(time.Minute):
			s.t.Error("no function of the user has closed the Source")
		}
	}
	close(bad.released)
	time.Sleep(time.Second) // for a call that is under way
	synctest.Wait()
	if place == "observer" {
		return
	}
	auths := 0
	for id := 1; id <= conns; id++ {
		auths += healthy.checkConn(s.t, id)
	}
	if auths != stats.Auths {
		s.t.Errorf("the other observer was told of %d AUTHs, the server got %d", auths, stats.Auths)
	}
}

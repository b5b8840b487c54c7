package entra_test

import (
	"context"
	"log/slog"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra"
)

// observing returns an Observer with every function, which calls f with the name of the event. f
// returns what a Start function is to return.
func observing(f func(ctx context.Context, event string, at time.Time) context.Context) *entra.Observer {
	return &entra.Observer{
		RefreshStart: func(ctx context.Context, i entra.RefreshStartInfo) context.Context {
			return f(ctx, "RefreshStart", i.At)
		},
		RefreshDone: func(ctx context.Context, i entra.RefreshDoneInfo) { f(ctx, "RefreshDone", i.At) },
		AttemptStart: func(ctx context.Context, i entra.AttemptStartInfo) context.Context {
			return f(ctx, "AttemptStart", i.At)
		},
		AttemptDone: func(ctx context.Context, i entra.AttemptDoneInfo) { f(ctx, "AttemptDone", i.At) },
		ConnOpened: func(ctx context.Context, i entra.ConnOpenedInfo) context.Context {
			return f(ctx, "ConnOpened", i.At)
		},
		ConnClosed: func(ctx context.Context, i entra.ConnClosedInfo) { f(ctx, "ConnClosed", i.At) },
		AuthStart: func(ctx context.Context, i entra.AuthStartInfo) context.Context {
			return f(ctx, "AuthStart", i.At)
		},
		AuthDone: func(ctx context.Context, i entra.AuthDoneInfo) { f(ctx, "AuthDone", i.At) },
		RotationStart: func(ctx context.Context, i entra.RotationStartInfo) context.Context {
			return f(ctx, "RotationStart", i.At)
		},
		RotationDone: func(ctx context.Context, i entra.RotationDoneInfo) { f(ctx, "RotationDone", i.At) },
		Reconnected:  func(ctx context.Context, i entra.ReconnectedInfo) { f(ctx, "Reconnected", i.At) },
	}
}

// A record is the events that an observer was called with.
type record struct {
	mu     sync.Mutex
	events []string
	at     []time.Time
}

func (r *record) observer() *entra.Observer {
	return observing(func(ctx context.Context, event string, at time.Time) context.Context {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, event)
		r.at = append(r.at, at)
		return ctx
	})
}

// seen returns the events so far.
func (r *record) seen() []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// A misbehaviour is what a function of the user does that it should not. It may block until
// released is closed.
type misbehaviour struct {
	name string
	act  func(released <-chan struct{}, lock chan struct{})
}

func misbehaviours() []misbehaviour {
	return []misbehaviour{
		{"blocks", func(released <-chan struct{}, _ chan struct{}) { <-released }},
		{"panics with its lock held", func(released <-chan struct{}, lock chan struct{}) {
			select {
			case lock <- struct{}{}:
			case <-released:
			}
			panic("lock held")
		}},
		{"panics", func(<-chan struct{}, chan struct{}) { panic("always") }},
		{"sleeps", func(<-chan struct{}, chan struct{}) { time.Sleep(time.Second) }},
		{"ends its goroutine", func(<-chan struct{}, chan struct{}) { runtime.Goexit() }},
	}
}

const renewals = 100

// renew waits for a hundred tokens, none of which may come after the one before has expired.
func renew(t *testing.T, src *entra.Source) {
	t.Helper()
	tok := mustToken(t, src)
	for range renewals {
		_, newer := src.Latest()
		<-newer
		if !time.Now().Before(tok.ExpiresOn()) {
			t.Fatalf("a token came at %v, the one before expired at %v", time.Now(), tok.ExpiresOn())
		}
		tok = mustToken(t, src)
	}
}

// closeWithin fails the test if Close takes longer than a second.
func closeWithin(t *testing.T, src *entra.Source) {
	t.Helper()
	began := time.Now()
	_ = src.Close()
	if took := time.Since(began); took > time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestObserversHoldUpOnlyThemselves(t *testing.T) {
	for _, bad := range misbehaviours() {
		for _, place := range []string{"alone", "first", "second"} {
			t.Run(bad.name+", "+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					released, lock := make(chan struct{}), make(chan struct{}, 1)
					defer close(released)
					observer := observing(func(ctx context.Context, _ string, _ time.Time) context.Context {
						bad.act(released, lock)
						return ctx
					})
					var healthy record
					switch place {
					case "first":
						observer = entra.JoinObservers(observer, healthy.observer())
					case "second":
						observer = entra.JoinObservers(healthy.observer(), observer)
					}
					src := newSource(t, minting(life), &entra.Options{Observer: observer})
					renew(t, src)
					closeWithin(t, src)
					want := slices.Repeat([]string{"RefreshStart", "AttemptStart", "AttemptDone", "RefreshDone"}, renewals+1)
					if got := healthy.seen(); place != "alone" && !slices.Equal(got, want) {
						t.Errorf("the other observer was called for %d events, want %d: %v", len(got), len(want), got)
					}
				})
			})
		}
	}
}

// A hook is a log handler.
type hook struct {
	enabled func()
	handle  func(context.Context, slog.Record)
}

func (h hook) Enabled(context.Context, slog.Level) bool {
	if h.enabled != nil {
		h.enabled()
	}
	return true
}

func (h hook) Handle(ctx context.Context, r slog.Record) error {
	if h.handle != nil {
		h.handle(ctx, r)
	}
	return nil
}

func (h hook) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h hook) WithGroup(string) slog.Handler      { return h }

func TestLogHandlersHoldUpOnlyThemselves(t *testing.T) {
	for _, bad := range misbehaviours() {
		for _, place := range []string{"Enabled", "Handle"} {
			t.Run(bad.name+" in "+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					released, lock := make(chan struct{}), make(chan struct{}, 1)
					defer close(released)
					calls := 0
					act := func() {
						calls++
						bad.act(released, lock)
					}
					h := hook{enabled: act}
					if place == "Handle" {
						h = hook{handle: func(context.Context, slog.Record) { act() }}
					}
					var healthy record
					failing := during(func(c call) bool { return c.n%2 == 0 }, failWith(errDown))
					src := newSource(t, failing, &entra.Options{Logger: slog.New(h), Observer: healthy.observer()})
					renew(t, src)
					closeWithin(t, src)
					synctest.Wait()
					if calls == 0 {
						t.Error("the handler was never called")
					}
					if got := healthy.seen(); len(got) < 4*(renewals+1) {
						t.Errorf("the observer was called for %d events", len(got))
					}
				})
			})
		}
	}
}

// Close takes a second in all, whatever does not return. An observer that works gets every event.
func TestCloseTakesASecondInAll(t *testing.T) {
	for _, stuck := range []string{"the credential", "an observer", "the log handler", "all"} {
		t.Run(stuck, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				released := make(chan struct{})
				blocked := func(who string) {
					if stuck == who || stuck == "all" {
						<-released
					}
				}
				cred := minting(life)
				good := cred.answer
				cred.answer = func(ctx context.Context, c call) (azcore.AccessToken, error) {
					if c.n > 1 {
						blocked("the credential") // whatever its context says
						if stuck != "the credential" && stuck != "all" {
							<-ctx.Done()
						}
					}
					return good(ctx, c)
				}
				var healthy record
				bad := observing(func(ctx context.Context, _ string, _ time.Time) context.Context {
					blocked("an observer")
					return ctx
				})
				src := newSource(t, cred, &entra.Options{
					Observer: entra.JoinObservers(bad, healthy.observer()),
					Logger:   slog.New(hook{handle: func(context.Context, slog.Record) { blocked("the log handler") }}),
				})
				tok := mustToken(t, src)
				for cred.count() < 2 {
					time.Sleep(time.Second)
				}
				src.Logger().Warn("something is in the queue")
				closeWithin(t, src)
				if time.Now().After(tok.ExpiresOn()) {
					t.Error("the first token has expired: Close ended no renewal")
				}
				want := slices.Repeat([]string{"RefreshStart", "AttemptStart", "AttemptDone", "RefreshDone"}, 2)
				if got := healthy.seen(); !slices.Equal(got, want) {
					t.Errorf("the other observer was called for %v, want %v", got, want)
				}
				close(released)
				synctest.Wait()
			})
		})
	}
}

func TestUsersFunctionsMayCloseTheSource(t *testing.T) {
	for _, place := range []string{"an observer", "the log handler"} {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				made, took := make(chan *entra.Source, 1), make(chan time.Duration, 1)
				var once sync.Once
				end := func() {
					once.Do(func() {
						began := time.Now()
						_ = (<-made).Close()
						took <- time.Since(began)
					})
				}
				var healthy record
				opts := &entra.Options{Observer: healthy.observer()}
				if place == "an observer" {
					opts.Observer = entra.JoinObservers(&entra.Observer{
						RefreshStart: func(ctx context.Context, _ entra.RefreshStartInfo) context.Context { end(); return ctx },
					}, opts.Observer)
				} else {
					opts.Logger = slog.New(hook{handle: func(context.Context, slog.Record) { end() }})
				}
				src := newSource(t, during(func(c call) bool { return c.n == 1 }, failWith(errDown)), opts)
				made <- src
				if d := <-took; d > time.Second {
					t.Errorf("Close took %v", d)
				}
				if got := healthy.seen(); len(got) == 0 || got[len(got)-1] != "RefreshDone" {
					t.Errorf("the other observer was called for %v", got)
				}
				closeWithin(t, src)
			})
		})
	}
}

func TestStartContextIsWaitedForFor10ms(t *testing.T) {
	for _, tt := range []struct {
		takes, wait time.Duration
		want        any
	}{{0, 0, "attempt"}, {9 * time.Millisecond, 9 * time.Millisecond, "attempt"}, {11 * time.Millisecond, 10 * time.Millisecond, nil}} {
		t.Run(tt.takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				done := make(chan any, 10)
				var got any
				cred := &credential{answer: func(ctx context.Context, c call) (azcore.AccessToken, error) {
					got = ctx.Value(ctxKey{})
					return mint(c, life), nil
				}}
				src := newSource(t, cred, &entra.Options{Observer: &entra.Observer{
					AttemptStart: func(ctx context.Context, _ entra.AttemptStartInfo) context.Context {
						time.Sleep(tt.takes)
						return context.WithValue(ctx, ctxKey{}, "attempt")
					},
					AttemptDone: func(ctx context.Context, _ entra.AttemptDoneInfo) { done <- ctx.Value(ctxKey{}) },
				}})
				mustToken(t, src)
				if waited := cred.seen()[0].at.Sub(start); got != tt.want || waited != tt.wait {
					t.Errorf("the credential got %v after %v, want %v after %v", got, waited, tt.want, tt.wait)
				}
				if own := <-done; own != "attempt" {
					t.Errorf("AttemptDone got the context of %v", own)
				}
			})
		})
	}
}

// An observer that is late is not waited for again until it has caught up.
func TestLateObserverIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		var began time.Time
		release := make(chan struct{})
		note := &entra.Observer{AttemptStart: func(ctx context.Context, i entra.AttemptStartInfo) context.Context {
			began = i.At
			return ctx
		}}
		slow := &entra.Observer{AttemptStart: func(ctx context.Context, _ entra.AttemptStartInfo) context.Context {
			<-release
			time.Sleep(9 * time.Millisecond)
			return ctx
		}}
		cred := &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
			waits = append(waits, c.at.Sub(began))
			return mint(c, life), nil
		}}
		src := newSource(t, cred, &entra.Options{Observer: entra.JoinObservers(note, slow)})
		for range 3 {
			_, newer := src.Latest()
			<-newer
		}
		close(release) // it catches up
		_, newer := src.Latest()
		<-newer
		if want := []time.Duration{10 * time.Millisecond, 0, 0, 9 * time.Millisecond}; !slices.Equal(waits, want) {
			t.Errorf("requests waited %v, want %v", waits, want)
		}
	})
}

func TestJoinedObserverGetsTheContextOfTheOneBefore(t *testing.T) {
	for _, tt := range []struct {
		takes        time.Duration // the first one
		start, later any           // what the second one gets
	}{{0, "first", "first"}, {4 * time.Millisecond, "first", "first"}, {time.Hour, "caller", "second"}} {
		t.Run(tt.takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var firstDone, secondStart, secondDone any
				src := newSource(t, minting(life), &entra.Options{Observer: entra.JoinObservers(&entra.Observer{
					AuthStart: func(ctx context.Context, _ entra.AuthStartInfo) context.Context {
						time.Sleep(tt.takes)
						return context.WithValue(ctx, ctxKey{}, "first")
					},
					AuthDone: func(ctx context.Context, _ entra.AuthDoneInfo) { firstDone = ctx.Value(ctxKey{}) },
				}, &entra.Observer{
					AuthStart: func(ctx context.Context, _ entra.AuthStartInfo) context.Context {
						secondStart = ctx.Value(ctxKey{})
						return context.WithValue(ctx, ctxKey{}, "second")
					},
					AuthDone: func(ctx context.Context, _ entra.AuthDoneInfo) { secondDone = ctx.Value(ctxKey{}) },
				})})
				ctx := src.Observer().AuthStart(context.WithValue(t.Context(), ctxKey{}, "caller"), entra.AuthStartInfo{})
				src.Observer().AuthDone(ctx, entra.AuthDoneInfo{})
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				if secondStart != tt.start || secondDone != "second" || firstDone != "first" {
					t.Errorf("the second began in the context of %v and ended in that of %v, the first ended in that of %v",
						secondStart, secondDone, firstDone)
				}
			})
		})
	}
}

// A login begins in the context that ConnOpened returned, and an observer without a Start function
// gets the context of the others.
func TestContextsLeadFromOneEventToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var login, logged any
		src := newSource(t, minting(life), &entra.Options{Observer: entra.JoinObservers(&entra.Observer{
			AuthDone: func(ctx context.Context, _ entra.AuthDoneInfo) { logged = ctx.Value(ctxKey{}) },
		}, &entra.Observer{
			ConnOpened: func(ctx context.Context, _ entra.ConnOpenedInfo) context.Context {
				time.Sleep(time.Millisecond)
				return context.WithValue(ctx, ctxKey{}, "opened")
			},
			AuthStart: func(ctx context.Context, _ entra.AuthStartInfo) context.Context {
				login = ctx.Value(ctxKey{})
				return context.WithValue(ctx, ctxKey{}, "login")
			},
		})})
		o := src.Observer()
		ctx := context.WithoutCancel(o.ConnOpened(t.Context(), entra.ConnOpenedInfo{}))
		ctx = o.AuthStart(ctx, entra.AuthStartInfo{})
		o.AuthDone(ctx, entra.AuthDoneInfo{})
		time.Sleep(time.Second)
		synctest.Wait()
		if login != "opened" || logged != "login" {
			t.Errorf("the login began in the context of %v, its end was seen in that of %v", login, logged)
		}
	})
}

func TestEventsSayWhenTheyHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		var at, got []time.Time
		src := newSource(t, minting(life), &entra.Options{Observer: observing(
			func(ctx context.Context, event string, happened time.Time) context.Context {
				seen, at, got = append(seen, event), append(at, happened), append(got, time.Now())
				time.Sleep(time.Second)
				return ctx
			})})
		mustToken(t, src)
		time.Sleep(time.Minute)
		synctest.Wait()
		seen, at, got = nil, nil, nil
		began := time.Now()
		callAll(src.Observer())
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(seen) != reflect.TypeFor[entra.Observer]().NumField()-1 { // the unexported field is none
			t.Errorf("the observer was called for %v", seen)
		}
		for i := range seen {
			if !at[i].Equal(began) || !got[i].Equal(began.Add(time.Duration(i)*time.Second)) {
				t.Errorf("%s of %v came at %v and says %v", seen[i], began, got[i], at[i])
			}
		}
	})
}

// callAll calls every function of an observer.
func callAll(o *entra.Observer) {
	ctx := context.Background()
	o.RefreshDone(o.RefreshStart(ctx, entra.RefreshStartInfo{}), entra.RefreshDoneInfo{})
	o.AttemptDone(o.AttemptStart(ctx, entra.AttemptStartInfo{}), entra.AttemptDoneInfo{})
	o.AuthDone(o.AuthStart(o.ConnOpened(ctx, entra.ConnOpenedInfo{}), entra.AuthStartInfo{}), entra.AuthDoneInfo{})
	o.RotationDone(o.RotationStart(ctx, entra.RotationStartInfo{}), entra.RotationDoneInfo{})
	o.Reconnected(ctx, entra.ReconnectedInfo{})
	o.ConnClosed(ctx, entra.ConnClosedInfo{})
}

func TestEventsAfterCloseAreDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r record
		src := newSource(t, minting(life), &entra.Options{Observer: r.observer()})
		mustToken(t, src)
		closeWithin(t, src)
		before := len(r.seen())
		callAll(src.Observer())
		if n := len(r.seen()) - before; n != 11 {
			t.Errorf("%d events after Close, want 11", n)
		}
	})
}

func TestReplacedFunctionOfJoinedObserversIsCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b, c record
		joined := entra.JoinObservers(entra.JoinObservers(a.observer(), b.observer()), c.observer())
		before, replaced := joined.RefreshDone, 0
		joined.RefreshDone = func(ctx context.Context, i entra.RefreshDoneInfo) {
			replaced++
			before(ctx, i)
		}
		src := newSource(t, minting(life), &entra.Options{Observer: joined})
		mustToken(t, src)
		want := []string{"RefreshStart", "AttemptStart", "AttemptDone", "RefreshDone"}
		for _, r := range []*record{&a, &b, &c} {
			if got := r.seen(); !slices.Equal(got, want) {
				t.Errorf("called for %v", got)
			}
		}
		if replaced != 1 {
			t.Errorf("the new function was called %d times", replaced)
		}
	})
}

// A log handler finds the trace of the refresh in its context, as the observer has put it there.
func TestLinesHaveTheContextOfTheirRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var traces []any
		var d diary
		failing := during(func(c call) bool { return c.n == 2 }, failWith(errDown))
		src := newSource(t, failing, &entra.Options{
			Observer: d.observer(),
			Logger:   slog.New(hook{handle: func(ctx context.Context, _ slog.Record) { traces = append(traces, ctx.Value(ctxKey{})) }}),
		})
		mustToken(t, src)
		time.Sleep(life)
		synctest.Wait()
		if want := []any{2, 2, 2}; !slices.Equal(traces, want) { // an attempt failed, trouble began, trouble ended
			t.Errorf("the lines came from refreshes %v, want %v", traces, want)
		}
	})
}

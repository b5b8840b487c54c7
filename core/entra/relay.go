package entra

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// startPatience is how long a call to the credential waits for the contexts of Start functions.
	// Those that make a span take microseconds.
	startPatience = 10 * time.Millisecond
	// joinedPatience is how long an observer waits for the context of one that was joined before it.
	// It is shorter, so that the credential gets the context of the second if the first blocks.
	joinedPatience = startPatience / 2
	// closePatience bounds how long Close waits in all: up to the first of these moments for a call to
	// the credential, up to the second for observers, up to the third for the log handler. Each may
	// still report to the next.
	closePatience = time.Second
	callPatience  = closePatience * 8 / 10
	partPatience  = closePatience * 9 / 10
)

// A relay brings each event to the observers of the user, and each line to the user's log handler.
// They are called by the goroutines of queues, so they hold up only themselves.
type relay struct {
	listener *Observer // is called first, on the path that it observes, without At; only of this package
	parts    []*part
	logger   *slog.Logger // for lines of the Source: it never blocks and never panics
	log      *queue
	dropped  atomic.Uint64 // events and lines
	panicked sync.Once

	mu sync.Mutex // held while an event is put into the queues: all have the same order
}

// A part is one of the observers that were joined.
type part struct {
	*queue
	observer *Observer // never changes
	// hasBothConnEvents says that the observer has functions for the opening and the closing of a
	// connection.
	hasBothConnEvents bool
}

// newRelay returns a relay for the parts of observer and for the handler of logger. Either may be
// nil.
func newRelay(observer *Observer, logger *slog.Logger) *relay {
	r := &relay{logger: slog.New(slog.DiscardHandler)}
	if logger != nil {
		r.log = &queue{dropped: &r.dropped, onPanic: func(task, any) {}, onDrop: r.logDrop("entra: the log handler does not keep up: the oldest lines are dropped")}
		r.logger = slog.New(&logHandler{relay: r, handler: logger.Handler})
	}
	for _, o := range partsOf(observer) {
		r.parts = append(r.parts, &part{
			queue:    &queue{dropped: &r.dropped, onPanic: r.logPanic, onDrop: r.logDrop("entra: an Observer does not keep up: its oldest events are dropped")},
			observer: o, hasBothConnEvents: o.ConnOpened != nil && o.ConnClosed != nil,
		})
	}
	return r
}

// observer returns the Observer of a Source: every field is set, no function blocks or panics, no
// Start function returns nil.
func (r *relay) observer(listener *Observer) *Observer {
	r.listener = listener
	return &Observer{
		RefreshStart: relayStart(r, func(i *RefreshStartInfo) *time.Time { return &i.At },
			func(o *Observer) startFunc[RefreshStartInfo] { return o.RefreshStart }),
		RefreshDone: relayDone(r, func(i *RefreshDoneInfo) *time.Time { return &i.At },
			func(o *Observer) doneFunc[RefreshDoneInfo] { return o.RefreshDone }),
		AttemptStart: relayStart(r, func(i *AttemptStartInfo) *time.Time { return &i.At },
			func(o *Observer) startFunc[AttemptStartInfo] { return o.AttemptStart }),
		AttemptDone: relayDone(r, func(i *AttemptDoneInfo) *time.Time { return &i.At },
			func(o *Observer) doneFunc[AttemptDoneInfo] { return o.AttemptDone }),
		ConnOpened: relayStart(r, func(i *ConnOpenedInfo) *time.Time { return &i.At },
			func(o *Observer) startFunc[ConnOpenedInfo] { return o.ConnOpened }),
		ConnClosed: relayDone(r, func(i *ConnClosedInfo) *time.Time { return &i.At },
			func(o *Observer) doneFunc[ConnClosedInfo] { return o.ConnClosed }),
		AuthStart: relayStart(r, func(i *AuthStartInfo) *time.Time { return &i.At },
			func(o *Observer) startFunc[AuthStartInfo] { return o.AuthStart }),
		AuthDone: relayDone(r, func(i *AuthDoneInfo) *time.Time { return &i.At },
			func(o *Observer) doneFunc[AuthDoneInfo] { return o.AuthDone }),
		RotationStart: relayStart(r, func(i *RotationStartInfo) *time.Time { return &i.At },
			func(o *Observer) startFunc[RotationStartInfo] { return o.RotationStart }),
		RotationDone: relayDone(r, func(i *RotationDoneInfo) *time.Time { return &i.At },
			func(o *Observer) doneFunc[RotationDoneInfo] { return o.RotationDone }),
		Reconnected: relayDone(r, func(i *ReconnectedInfo) *time.Time { return &i.At },
			func(o *Observer) doneFunc[ReconnectedInfo] { return o.Reconnected }),
	}
}

type (
	startFunc[I any] = func(context.Context, I) context.Context
	doneFunc[I any]  = func(context.Context, I)
)

// relayStart returns the function of a Start event. of returns an observer's.
func relayStart[I any](r *relay, at func(*I) *time.Time, of func(*Observer) startFunc[I]) startFunc[I] {
	listen := of(r.listener)
	functions, isObserved := functionsOf(r, of, func(f startFunc[I]) bool { return f != nil })
	if listen == nil && !isObserved {
		return func(ctx context.Context, _ I) context.Context { return ctx }
	}
	return func(ctx context.Context, info I) context.Context {
		now := time.Now()
		if listen != nil {
			listen(ctx, info)
		}
		if !isObserved {
			return ctx
		}
		if happened := at(&info); happened.IsZero() {
			*happened = now
		}
		s := &started{Context: ctx, relay: r, at: now, before: r.startedOf(ctx), answers: make([]answer, len(functions))}
		for i, function := range functions {
			if function != nil {
				s.answers[i].ready = make(chan struct{})
			}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for i, function := range functions {
			if function != nil {
				r.parts[i].add(task{
					call: func() {
						s.ask(i, func(ctx context.Context) context.Context { return function(ctx, info) })
					},
					drop:     func() { close(s.answers[i].ready) },
					function: function,
					conn:     r.parts[i].connEventOf(&info),
				})
			}
		}
		return s
	}
}

// relayDone returns the function of an event that ends something. of returns an observer's.
func relayDone[I any](r *relay, at func(*I) *time.Time, of func(*Observer) doneFunc[I]) doneFunc[I] {
	listen := of(r.listener)
	functions, isObserved := functionsOf(r, of, func(f doneFunc[I]) bool { return f != nil })
	if listen == nil && !isObserved {
		return func(context.Context, I) {}
	}
	return func(ctx context.Context, info I) {
		now := time.Now()
		if listen != nil {
			listen(ctx, info)
		}
		if !isObserved {
			return
		}
		if happened := at(&info); happened.IsZero() {
			*happened = now
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for i, function := range functions {
			if function != nil {
				r.parts[i].add(task{
					call:     func() { function(r.contextOf(ctx, i, now), info) },
					function: function,
					conn:     r.parts[i].connEventOf(&info),
				})
			}
		}
	}
}

// functionsOf returns the functions of the parts for one event, and whether there is any.
func functionsOf[F any](r *relay, of func(*Observer) F, isSet func(F) bool) (all []F, isAnySet bool) {
	for _, p := range r.parts {
		all = append(all, of(p.observer))
		isAnySet = isAnySet || isSet(of(p.observer))
	}
	return all, isAnySet
}

// connEventOf returns what the info of an event says about a connection, to an observer of both the
// opening and the closing. To one of either the queue may drop them by themselves.
func (p *part) connEventOf(info any) connEvent {
	if !p.hasBothConnEvents {
		return connEvent{}
	}
	switch info := info.(type) {
	case *ConnOpenedInfo:
		return connEvent{info.Conn.Library, info.Conn.Pool, info.Conn.ServerAddr, info.Conn.ID, connIsOpen}
	case *ConnClosedInfo:
		return connEvent{info.Conn.Library, info.Conn.Pool, info.Conn.ServerAddr, info.Conn.ID, connIsClosed}
	}
	return connEvent{}
}

func (r *relay) startedOf(ctx context.Context) *started {
	s, _ := ctx.Value(startedBy{r}).(*started)
	return s
}

// contextOf returns the context with which part i is called for an event that ends what ctx began:
// the one that its own Start function returned. If it has none, that of the others.
func (r *relay) contextOf(ctx context.Context, i int, at time.Time) context.Context {
	s := r.startedOf(ctx)
	if s == nil {
		return ctx
	}
	if own := s.answers[i].now(); own != nil {
		return own
	}
	s.await(len(r.parts), at.Add(joinedPatience))
	return ctx
}

// await waits for the observers whose contexts ctx is made of, if they keep up.
func (r *relay) await(ctx context.Context) {
	if s := r.startedOf(ctx); s != nil {
		s.await(len(r.parts), time.Now().Add(startPatience))
	}
}

// await waits for an answer of the observer, until the deadline and unless the observer is late.
func (p *part) await(ready <-chan struct{}, until time.Time) {
	if ready == nil {
		return
	}
	select {
	case <-ready:
		return
	default:
	}
	patience := time.Until(until)
	if patience <= 0 || !p.keepsUp() {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ready:
	case <-timer.C:
		p.markLate()
	}
}

// close waits until the observers and the log handler have got everything, for as long as a Close
// that began then may wait. After that it drops what is left.
func (r *relay) close(began time.Time) {
	for _, p := range r.parts {
		if !p.awaitEmpty(began.Add(partPatience)) {
			r.logger.Warn("entra: an Observer has not returned: Close drops its events",
				"function", nameOf(p.dropAll()))
		}
	}
	if r.log != nil && !r.log.awaitEmpty(began.Add(closePatience)) {
		r.log.dropAll()
	}
}

// logPanic logs the first panic of an observer.
func (r *relay) logPanic(t task, value any) {
	r.panicked.Do(func() {
		r.logger.Error("entra: an Observer function panicked, further panics are not logged",
			"function", nameOf(t), "panic", fmt.Sprint(value))
	})
}

// logDrop returns a function that logs that tasks are dropped, and which function holds them up.
func (r *relay) logDrop(message string) func(task) {
	return func(current task) {
		r.logger.Warn(message, "queued", maxQueued, "function", nameOf(current))
	}
}

// nameOf returns the name of the user's function that a task calls.
func nameOf(t task) string {
	if t.function == nil {
		return ""
	}
	return runtime.FuncForPC(reflect.ValueOf(t.function).Pointer()).Name()
}

package entra

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
)

// A shield recovers the panics of the user's observer.
type shield struct {
	log  *slog.Logger
	once sync.Once
}

// shielded returns a copy of o that is safe to call: every field is set, no Start function returns
// nil, none panics.
func shielded(o *Observer, log *slog.Logger) *Observer {
	if o == nil {
		o = &Observer{}
	}
	s := &shield{log: log}
	return &Observer{
		RefreshStart:  shieldStart(s, o.RefreshStart),
		RefreshDone:   shieldDone(s, o.RefreshDone),
		AttemptStart:  shieldStart(s, o.AttemptStart),
		AttemptDone:   shieldDone(s, o.AttemptDone),
		ConnOpened:    shieldStart(s, o.ConnOpened),
		ConnClosed:    shieldDone(s, o.ConnClosed),
		AuthStart:     shieldStart(s, o.AuthStart),
		AuthDone:      shieldDone(s, o.AuthDone),
		RotationStart: shieldStart(s, o.RotationStart),
		RotationDone:  shieldDone(s, o.RotationDone),
		Reconnected:   shieldDone(s, o.Reconnected),
	}
}

func shieldStart[I any](s *shield, f func(context.Context, I) context.Context) func(context.Context, I) context.Context {
	if f == nil {
		return func(ctx context.Context, _ I) context.Context { return ctx }
	}
	return func(ctx context.Context, info I) (started context.Context) {
		started = ctx
		defer s.recover()
		if c := f(ctx, info); c != nil {
			started = c
		}
		return started
	}
}

func shieldDone[I any](s *shield, f func(context.Context, I)) func(context.Context, I) {
	if f == nil {
		return func(context.Context, I) {}
	}
	return func(ctx context.Context, info I) {
		defer s.recover()
		f(ctx, info)
	}
}

// recover is deferred around each call of the user's functions.
func (s *shield) recover() {
	if p := recover(); p != nil {
		s.once.Do(func() {
			s.log.Error("entra: an Observer function panicked, further panics are not logged", "panic", fmt.Sprint(p))
		})
	}
}

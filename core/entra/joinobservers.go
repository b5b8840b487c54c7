package entra

import (
	"context"
	"reflect"
	"slices"
)

// JoinObservers returns an Observer of which a Source calls the parts, a and b, independently of
// each other: each has its goroutine and its queue. b gets the context that a returned within 5 ms,
// and each Done function the one that its own Start function returned. nil is left out.
//
// Called by itself, a function of the Observer calls a and then b, b also if a panics, and passes
// on the context that b returned. If you replace one of its functions, a Source takes it for a
// single Observer. A later change to a or b has no effect.
func JoinObservers(a, b *Observer) *Observer {
	parts := slices.Concat(partsOf(a), partsOf(b))
	joined := joinAll(parts)
	joined.parts = parts
	return joined
}

// partsOf returns the observers that o was joined from, o alone if it was not joined.
func partsOf(o *Observer) []*Observer {
	if o == nil {
		return nil
	}
	if len(o.parts) > 0 && haveSameFunctions(o, joinAll(o.parts)) {
		return o.parts
	}
	single := *o
	single.parts = nil
	return []*Observer{&single}
}

// haveSameFunctions reports whether the functions of a and b have the same code, field by field. A
// function that replaced another has its own.
func haveSameFunctions(a, b *Observer) bool {
	fieldsOfA, fieldsOfB := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range fieldsOfA.NumField() {
		if fieldsOfA.Field(i).Kind() == reflect.Func && fieldsOfA.Field(i).Pointer() != fieldsOfB.Field(i).Pointer() {
			return false
		}
	}
	return true
}

func joinAll(parts []*Observer) *Observer {
	joined := &Observer{}
	for _, part := range parts {
		joined = join(joined, part)
	}
	return joined
}

func join(a, b *Observer) *Observer {
	return &Observer{
		RefreshStart:  joinStart(a.RefreshStart, b.RefreshStart),
		RefreshDone:   joinDone(a.RefreshDone, b.RefreshDone),
		AttemptStart:  joinStart(a.AttemptStart, b.AttemptStart),
		AttemptDone:   joinDone(a.AttemptDone, b.AttemptDone),
		ConnOpened:    joinStart(a.ConnOpened, b.ConnOpened),
		ConnClosed:    joinDone(a.ConnClosed, b.ConnClosed),
		AuthStart:     joinStart(a.AuthStart, b.AuthStart),
		AuthDone:      joinDone(a.AuthDone, b.AuthDone),
		RotationStart: joinStart(a.RotationStart, b.RotationStart),
		RotationDone:  joinDone(a.RotationDone, b.RotationDone),
		Reconnected:   joinDone(a.Reconnected, b.Reconnected),
	}
}

func joinStart[I any](a, b func(context.Context, I) context.Context) func(context.Context, I) context.Context {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return func(ctx context.Context, info I) (joined context.Context) {
		joined = ctx
		defer func() {
			if c := b(joined, info); c != nil {
				joined = c
			}
		}()
		if c := a(ctx, info); c != nil {
			joined = c
		}
		return joined
	}
}

func joinDone[I any](a, b func(context.Context, I)) func(context.Context, I) {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return func(ctx context.Context, info I) {
		defer b(ctx, info)
		a(ctx, info)
	}
}

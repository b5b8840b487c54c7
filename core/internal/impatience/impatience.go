// Package impatience carries, in a context, for how long core/entraconn waits for a token of
// core/entra. A connection may wait as long as nothing is known. As soon as it is known why there is
// no token, the client has to hear it.
package impatience

import (
	"context"
	"time"
)

// A Rule says when a wait for a token ends without one.
type Rule struct {
	Longest time.Duration // the whole wait
	// Known is the whole wait if the reason is known when it begins, and what is left of it when a
	// reason becomes known that may pass. For any other the wait ends then.
	Known time.Duration
}

type key struct{}

// With returns a context with which Source.Token waits by a rule, and no longer than ctx.
func With(ctx context.Context, r Rule) context.Context { return context.WithValue(ctx, key{}, r) }

// Of returns the rule of a context, and whether it has one.
func Of(ctx context.Context) (r Rule, ok bool) {
	r, ok = ctx.Value(key{}).(Rule)
	return r, ok
}

// Package impatience carries, in a context, for how long core/entraconn waits for a token of
// core/entra. A connection may wait as long as nothing is known. As soon as it is known why there is
// no token, the client has to hear it.
package impatience

import (
	"context"
	"time"
)

// WithReason is how long a wait goes on although it is known why there is no token: the whole wait if
// that is known when it begins, and what is left of it when a reason becomes known that is transient.
// Options.TokenWait has it wait longer for a transient one.
// For any other the wait ends then. It keeps clients that dial again at once from doing so thousands of
// times a second.
const WithReason = time.Second

// Longest is how long a wait is at most, unless the options of the Source say otherwise: go-redis and
// rueidis allow 5 seconds for a dial.
const Longest = 5 * time.Second

type key struct{}

// With returns a context with which Source.Token waits for so long at most, no longer than ctx, and as
// Longest, WithReason and the options of the Source say.
func With(ctx context.Context, longest time.Duration) context.Context {
	return context.WithValue(ctx, key{}, longest)
}

// Of returns what With was told, and whether ctx comes from it.
func Of(ctx context.Context) (longest time.Duration, ok bool) {
	longest, ok = ctx.Value(key{}).(time.Duration)
	return longest, ok
}

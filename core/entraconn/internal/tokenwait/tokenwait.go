// Package tokenwait decides for how long a connection waits for a token when there is none.
package tokenwait

import (
	"context"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/internal/impatience"
)

const (
	// Longest bounds how long a dial or a first write waits: go-redis and rueidis allow 5 seconds for
	// a dial.
	Longest = 5 * time.Second
	// known is Longest for when it is known why there is no token. It keeps clients that dial again at
	// once from doing so thousands of times a second.
	known = time.Second
)

// Dial waits until src has a token: for half of what ctx has left, and as WithRule says. go-redis does
// not hand its caller's context to a dial but one of 5 seconds, and callers often allow 3: after half
// of it they still hear the reason.
func Dial(ctx context.Context, src *entra.Source) error {
	if tok, _ := src.Latest(); !tok.IsZero() {
		return nil
	}
	patience := Longest
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline)/2)
	}
	_, err := src.Token(withLongest(ctx, patience))
	return err
}

// WithRule returns a context with which the Source waits for a token no longer than Longest, and less
// if it is known why there is none.
func WithRule(ctx context.Context) context.Context { return withLongest(ctx, Longest) }

func withLongest(ctx context.Context, patience time.Duration) context.Context {
	return impatience.With(ctx, impatience.Rule{Longest: patience, Known: known})
}

// Package tokenwait decides for how long a connection waits for a token when there is none. What the
// Source says of that, in its options and of the reason, is in package impatience.
package tokenwait

import (
	"context"
	"math"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/internal/impatience"
)

// Dial waits until src has a token, for half of what ctx has left at most. go-redis does not hand its
// caller's context to a dial but one of 5 seconds, and callers often allow 3: after half of it they
// still hear the reason.
func Dial(ctx context.Context, src *entra.Source) error {
	if tok, _ := src.Latest(); !tok.IsZero() {
		return nil
	}
	patience := time.Duration(math.MaxInt64)
	if deadline, ok := ctx.Deadline(); ok {
		patience = time.Until(deadline) / 2
	}
	_, err := src.Token(impatience.With(ctx, patience))
	return err
}

// ForLogin returns a context with which the first write of a connection waits for a token.
func ForLogin(ctx context.Context) context.Context { return impatience.With(ctx, math.MaxInt64) }

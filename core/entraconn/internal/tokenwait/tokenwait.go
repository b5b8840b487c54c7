// Package tokenwait decides for how long a connection waits for a token when there is none.
package tokenwait

import (
	"context"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/internal/impatience"
)

// Longest bounds how long a dial or a first write waits: go-redis and rueidis allow 5 seconds for a
// dial.
const Longest = 5 * time.Second

// Dial waits until src has a token: for half of what ctx has left, and as ForLogin says. go-redis does
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
	_, err := src.Token(impatience.With(ctx, patience))
	return err
}

// ForLogin returns a context with which the first write of a connection waits for a token: no longer
// than Longest, and less if it is known why there is none, see package impatience.
func ForLogin(ctx context.Context) context.Context { return impatience.With(ctx, Longest) }

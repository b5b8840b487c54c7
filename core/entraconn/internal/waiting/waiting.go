// Package waiting waits within the time that a connection may be kept waiting.
package waiting

import (
	"context"
	"math"
	"time"
)

// Remaining returns how long ctx lasts, the largest Duration if it has no deadline.
func Remaining(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return time.Until(deadline)
	}
	return math.MaxInt64
}

// Spend waits for at most d, as long as the budget allows, and until sooner is closed or ctx ends. It
// takes what it has waited from the budget, and reports whether it has waited to the end of d, or of
// the budget.
func Spend(ctx context.Context, budget *time.Duration, d time.Duration, sooner <-chan struct{}) (whole bool) {
	began := time.Now()
	defer func() { *budget -= time.Since(began) }()
	timer := time.NewTimer(min(d, *budget))
	defer timer.Stop()
	select {
	case <-sooner:
	case <-ctx.Done():
	case <-timer.C:
		return true
	}
	return false
}

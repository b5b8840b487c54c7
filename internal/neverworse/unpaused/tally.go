//go:build unix

package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/internal/neverworse/twin"
)

// A tally is what the callers of one side have seen, and what that took.
type tally struct {
	errors    int
	took      time.Duration
	processor time.Duration
}

// errorRate is in errors a second.
func (t *tally) errorRate() float64 { return float64(t.errors) / max(0.001, t.took.Seconds()) }

// load is in percent of one processor.
func (t *tally) load() float64 { return 100 * t.processor.Seconds() / max(0.001, t.took.Seconds()) }

// count lets callers call for one window, and adds what they saw.
func (t *tally) count(ctx context.Context, client twin.Client) error {
	ctx, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	before, err := processorTime()
	if err != nil {
		return err
	}
	began := time.Now()
	var errors atomic.Int64
	var callersLeft sync.WaitGroup
	for i := range callers {
		callersLeft.Go(func() {
			for ctx.Err() == nil {
				// A context of its own, because the window's end is no error of the server.
				callCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
				if client.Call(callCtx, fmt.Sprint("key:", i)) != nil {
					errors.Add(1)
				}
				cancel()
			}
		})
	}
	callersLeft.Wait()
	after, err := processorTime()
	if err != nil {
		return err
	}
	t.errors += int(errors.Load())
	t.took += time.Since(began)
	t.processor += after - before
	return nil
}

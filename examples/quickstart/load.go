package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"
)

const (
	workersPerClient = 4
	pipelineLength   = 20
	pause            = 10 * time.Millisecond // of a worker between two iterations: it is a service, not a benchmark
	afterError       = 200 * time.Millisecond
	commandTimeout   = 30 * time.Second // a busy machine is slow, and no command may fail for that
)

// startLoad runs the workers of every client until ctx ends. The channel is closed when each worker
// has completed its first iteration.
func startLoad(ctx context.Context, acts []act, post *postOffice, workers *sync.WaitGroup) (firstIterationDone <-chan struct{}) {
	var firstIterations sync.WaitGroup
	prefix := "quickstart:" + strconv.FormatInt(time.Now().UnixNano(), 36) + ":"
	for _, a := range acts {
		for i := range workersPerClient {
			name := fmt.Sprintf("%s/%d", a.tally.library, i)
			w := &worker{act: a, key: prefix + name, sender: post.sender(name)}
			firstIterations.Add(1)
			workers.Go(func() { w.run(ctx, firstIterations.Done) })
		}
	}
	done := make(chan struct{})
	go func() {
		firstIterations.Wait()
		close(done)
	}()
	return done
}

// A worker does one after the other what a service does: write, read, pipeline, publish. It knows what each
// answer must be.
type worker struct {
	act
	key        string
	sender     *sender
	iterations int
	counted    int64
}

func (w *worker) run(ctx context.Context, firstRound func()) {
	for ctx.Err() == nil {
		err := w.iterate(context.WithoutCancel(ctx)) // a command under way at the end is not an error
		if w.iterations++; w.iterations == 1 {
			firstRound()
		}
		rest := pause
		if err != nil {
			w.tally.fail(err)
			rest = afterError
		}
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
	if w.iterations == 0 {
		firstRound()
	}
	_ = w.do(context.WithoutCancel(ctx), 1, func(ctx context.Context) error { // best effort: a failed run leaves keys behind
		return w.client.remove(ctx, w.key, w.key+":count")
	})
}

func (w *worker) iterate(ctx context.Context) error {
	value := strconv.Itoa(w.iterations)
	if err := w.do(ctx, 1, func(ctx context.Context) error { return w.client.set(ctx, w.key, value) }); err != nil {
		return err
	}
	err := w.do(ctx, 1, func(ctx context.Context) error {
		got, err := w.client.get(ctx, w.key)
		if err == nil && got != value {
			return fmt.Errorf("read %q, want %q", got, value)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := w.do(ctx, pipelineLength, w.count); err != nil {
		return err
	}
	return w.do(ctx, 1, func(ctx context.Context) error {
		return w.sender.send(func(message string) error { return w.client.publish(ctx, channel, message) })
	})
}

func (w *worker) count(ctx context.Context) error {
	counts, err := w.client.count(ctx, w.key+":count", pipelineLength)
	if err != nil {
		return err
	}
	for i, got := range counts {
		if want := w.counted + int64(i) + 1; got != want {
			return fmt.Errorf("counted to %d, want %d", got, want)
		}
	}
	w.counted += int64(len(counts))
	return nil
}

// do times one call of the client, which stands for n commands.
func (w *worker) do(ctx context.Context, n int, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	start := time.Now()
	err := call(ctx)
	if err == nil {
		w.tally.served(n, time.Since(start))
	}
	return err
}

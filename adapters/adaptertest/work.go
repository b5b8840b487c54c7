package adaptertest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// rotations is how many the scenarios live through.
const rotations = 3

// awaitTokens waits until n newer tokens have been issued. When one comes, the rotation to its
// predecessor has ended, and the predecessor's predecessor has expired.
func (e *env) awaitTokens(n int) {
	e.t.Helper()
	_, superseded := e.source.Latest()
	for i := range n {
		select {
		case <-superseded:
			_, superseded = e.source.Latest()
		case <-e.ctx.Done():
			e.t.Fatalf("of %d newer tokens only %d came", n, i)
		}
	}
}

// awaitRotations waits until as many rotations as the constant rotations says have ended.
func (e *env) awaitRotations() { e.t.Helper(); e.awaitTokens(rotations + 1) }

// interval is the pause between two iterations of a worker. In the bubble it is a part of a token's
// life, because time stands still there while a goroutine works. In real time it leaves processors
// to others.
func (e *env) interval(part int) time.Duration {
	if e.virtual {
		return e.life / time.Duration(part)
	}
	return 5 * time.Millisecond
}

// atLeast returns d, the least time that a caller gives a call in virtual time. In real time a call may take as long as
// the machine needs.
func (e *env) atLeast(d time.Duration) time.Duration {
	if e.virtual {
		return d
	}
	return hangs
}

// rest waits for d or the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// during calls work again and again on n goroutines while wait waits. The scenario fails on the
// first error, and ends: wait may wait for what nothing brings about any more. It returns the number
// of calls, which is at most 100 a second in real time, for all goroutines together.
func (e *env) during(wait func(), n int, interval time.Duration, work func(worker, iteration int) error) int {
	e.t.Helper()
	var once sync.Once
	iterations, _ := e.tryDuring(wait, n, interval, func(worker, iteration int) error {
		err := work(worker, iteration)
		if err != nil {
			once.Do(func() {
				e.t.Errorf("a command failed: worker %d, iteration %d: %v", worker, iteration, e.output.saw(err))
				e.end()
			})
		}
		return err
	})
	return iterations
}

// tryDuring is during for work that may fail: it returns the first error.
func (e *env) tryDuring(wait func(), n int, interval time.Duration, work func(worker, iteration int) error) (iterations int, err error) {
	if !e.virtual {
		interval = max(interval, time.Duration(n)*10*time.Millisecond)
	}
	stop := make(chan struct{})
	errs := make(chan error, n)
	counts := make([]int, n)
	workers := e.crews.add()
	for worker := range n {
		workers.Go(func() {
			for iteration := 0; ; iteration++ {
				select {
				case <-stop:
					return
				case <-e.ctx.Done():
					return
				default:
				}
				if err := work(worker, iteration); err != nil {
					errs <- fmt.Errorf("worker %d, iteration %d: %w", worker, iteration, err)
					return
				}
				counts[worker]++
				rest(e.ctx, interval)
			}
		})
	}
	wait()
	close(stop)
	workers.Wait()
	select {
	case err = <-errs:
	default:
	}
	for _, count := range counts {
		iterations += count
	}
	return iterations, err
}

// eventually calls try until it succeeds, for at most a minute in virtual time.
func (e *env) eventually(what string, try func(context.Context) error) {
	e.t.Helper()
	limit := hangs
	if e.virtual {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(e.ctx, limit)
	defer cancel()
	var err error
	for ctx.Err() == nil {
		if err = e.output.saw(try(ctx)); err == nil {
			return
		}
		rest(ctx, e.interval(75*60*10)) // a tenth of a second in the bubble
	}
	e.t.Errorf("%s: still fails after %v: %v", what, limit, err)
}

// hold has n connections held at once and calls fn with each. So it makes every client have n connections.
func (e *env) hold(client Client, n int, fn func(i int, conn Conn) error) error {
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	var arrived sync.WaitGroup
	callers := e.crews.add()
	arrived.Add(n)
	all := make(chan struct{})
	go func() { arrived.Wait(); close(all) }()
	errs := make(chan error, n)
	for i := range n {
		callers.Go(func() {
			once := sync.OnceFunc(arrived.Done)
			defer once()
			err := client.Hold(ctx, func(conn Conn) error {
				if _, err := conn.Do(ctx, "PING"); err != nil { // some connect with the first command only
					return err
				}
				once()
				<-all
				return fn(i, conn)
			})
			if err != nil {
				errs <- fmt.Errorf("connection %d: %w", i, err) // before those that the next line fails
				cancel()                                        // the others need not wait for their connections
			}
		})
	}
	callers.Wait()
	select {
	case err := <-errs:
		return e.output.saw(err)
	default:
		return nil
	}
}

// warm makes the client have conns connections, all logged in.
func (e *env) warm(client Client, conns int) {
	e.t.Helper()
	if err := e.hold(client, conns, func(int, Conn) error { return nil }); err != nil {
		e.t.Fatalf("%d connections: %v", conns, err)
	}
}

// ping uses conns connections at once.
func (e *env) ping(client Client, conns int) {
	e.t.Helper()
	err := e.hold(client, conns, func(_ int, conn Conn) error {
		reply, err := conn.Do(e.ctx, "PING")
		if err == nil && reply != "PONG" {
			err = fmt.Errorf("PING was answered %q", reply)
		}
		return err
	})
	if err != nil {
		e.t.Errorf("a command failed: %v", err)
	}
}

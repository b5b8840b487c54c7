package adaptertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// brokenReplies catches a library that gives a caller the reply of another one, a part of ours, or nothing any more,
// after the server has gone away in the middle of a reply or has left a command waiting for longer than the client
// does. Commands may fail while that happens; none may have a wrong answer, and all must work again afterwards.
func brokenReplies(e *env) {
	const callers = 4
	client := e.open("broken", callers)
	e.warm(client, callers)
	failed := make([]int, callers)
	echo := func(caller, round int) error {
		want := fmt.Sprintf("%d of %d", round, caller)
		reply, err := client.Do(e.ctx, "ECHO", want)
		if e.output.saw(err) != nil {
			failed[caller]++
			return nil
		}
		if reply != want {
			return fmt.Errorf("ECHO %q was answered %q", want, reply)
		}
		return nil
	}
	hits := 0
	e.during(func() {
		for i := range rotations {
			var faults []*entratest.FaultHandle
			for cut := 1 + i; cut < 40; cut += rotations { // as long as +OK and two replies
				faults = append(faults, e.gateway.Inject(entratest.WireFault{CutAfter: cut, Count: 1}))
			}
			faults = append(faults, e.gateway.Inject(entratest.WireFault{Delay: e.longerThanClientsWait(), Count: 2}))
			e.awaitTokens(1)
			for _, fault := range faults {
				hits += fault.Hits()
				fault.Remove()
			}
		}
	}, callers, e.pace(2000), echo)
	if hits < 20 {
		e.t.Errorf("only %d faults struck", hits)
	}
	clear(failed)
	e.during(func() { e.awaitTokens(2) }, callers, e.pace(2000), func(caller, round int) error {
		before := failed[caller]
		if err := echo(caller, round); err != nil || failed[caller] == before || round < 5 {
			return err // a connection that was lost before may be met only now
		}
		return errors.New("a command failed although nothing was wrong any more")
	})
	if n := e.gateway.Stats().Expired; n > 0 {
		e.t.Errorf("the server closed %d connections whose token had expired", n)
	}
}

// longerThanClientsWait returns how long the server leaves a command waiting. In real time nobody could wait for
// clients to give up.
func (e *env) longerThanClientsWait() time.Duration {
	if e.virtual {
		return 20 * time.Second
	}
	return 200 * time.Millisecond
}

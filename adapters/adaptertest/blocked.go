package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// cancelled catches a library that goes on with a blocking call after its caller has given up. The
// call would then pop an element that no caller receives. The scenario moves elements instead of
// popping them: if the list is not empty, the caller may give up while the reply is under way,
// which also happens with a password.
func cancelled(e *env) {
	client := e.open("cancelled", 4)
	move := []string{"BRPOPLPUSH", "from", "to", "0"}
	if e.dialect.Knows("BLMOVE") {
		move = []string{"BLMOVE", "from", "to", "LEFT", "RIGHT", "0"}
	}
	var given, waited, raced, pushed int
	tested := make(chan struct{})
	both := sync.OnceFunc(func() { close(tested) })
	e.during(func() {
		e.awaitRotations()
		select {
		case <-tested:
		case <-e.ctx.Done():
		}
	}, 1, e.life/100, func(int, int) (err error) {
		defer func() {
			if err != nil || given > 0 && waited > 0 {
				both()
			}
		}()
		there := e.length(client, "from")
		until := time.Now().Add(e.dice.upTo(e.life / 4))
		ctx, cancel := context.WithDeadline(e.ctx, until)
		defer cancel()
		reply, err := client.Block(ctx, move...)
		if err == nil {
			if got := elements(reply); len(got) != 1 {
				return fmt.Errorf("the move returned %v", reply)
			}
			waited++
			return nil
		}
		if _ = e.output.saw(err); time.Now().Before(until) {
			return err
		}
		if given++; there > 0 {
			raced++
		}
		e.awaitNoneBlocked(client)
		length, err := client.Do(e.ctx, "RPUSH", "from", fmt.Sprint("element ", pushed))
		if err != nil {
			return err
		}
		if pushed++; int64(e.length(client, "from")) != length {
			return errors.New("an element was taken for a call that its caller had given up")
		}
		return nil
	})
	moved := e.length(client, "to")
	if all := e.length(client, "from") + moved; all != pushed {
		e.t.Errorf("%d elements were pushed, %d are there", pushed, all)
	}
	if moved < waited || moved > waited+raced {
		e.t.Errorf("%d elements were moved, %d delivered", moved, waited)
	}
	if given == 0 || waited == 0 {
		e.t.Errorf("%d calls were given up, %d not: nothing was tested", given, waited)
	}
	if s := e.gateway.Stats(); s.Expired > 0 {
		e.t.Errorf("the server closed %d connections whose token had expired", s.Expired)
	}
}

func (e *env) length(client Client, list string) int {
	reply, err := client.Do(e.ctx, "LLEN", list)
	n, ok := reply.(int64)
	if err != nil || !ok {
		e.t.Errorf("LLEN: %v, %v", reply, e.output.saw(err))
	}
	return int(n)
}

// awaitNoneBlocked waits until the server knows that the call has ended. In real time it first
// gives the library and the server 200 ms of running time, because a call that goes on by mistake
// may be between two commands, and then asks the server.
func (e *env) awaitNoneBlocked(client Client) {
	if e.virtual {
		rest(e.ctx, e.life/100)
		return // all other goroutines are waiting
	}
	for began := e.awake(); e.awake()-began < 200*time.Millisecond && e.ctx.Err() == nil; {
		rest(e.ctx, 10*time.Millisecond)
	}
	e.eventually("no client is blocked", func(ctx context.Context) error {
		reply, err := client.Do(ctx, "INFO", "clients")
		if info, _ := reply.(string); err == nil && !strings.Contains(info, "blocked_clients:0\r\n") {
			err = errors.New("a client is blocked")
		}
		return err
	})
}

// blockedDuringOutage catches a library that has no newer token for a blocked connection and then
// sends the command again and again, or gives up the call.
func blockedDuringOutage(e *env) {
	client := e.open("outage", 2)
	q := e.queues("outage")[0]
	done := make(chan int, 1)
	consumer := e.crews.add()
	consumer.Go(func() { e.consume(client, q, done) })
	e.ping(client, 1)
	token, _ := e.source.Latest()
	before := e.gateway.Stats()
	fault := entratest.Fault{Refuse: true, Count: 3}
	if e.virtual {
		fault.Count = 0
	}
	outage := e.sts.Inject(fault)
	if e.virtual {
		// By then the library has cut the wait short more than once without a newer token.
		rest(e.ctx, time.Until(token.ExpiresOn())-2*time.Minute)
		outage.Remove()
	}
	e.awaitTokens(1)
	if commands := e.gateway.Stats().Commands - before.Commands; commands > 100 {
		e.t.Errorf("%d commands were sent while Entra was down", commands)
	}
	e.awaitTokens(2)
	done <- 0
	if _, err := client.Do(e.ctx, q.pushing(0)...); err != nil {
		e.t.Error(e.output.saw(err))
	}
	consumer.Wait()
	if outage.Hits() == 0 {
		e.t.Error("Entra got no request while it was down: nothing was tested")
	}
	e.unnoticed()
}

// manyBlocked catches a library that renews all blocked connections at the same moment, or one
// after the other.
func manyBlocked(e *env) {
	const conns = 100
	client := e.open("blocked", conns+1)
	lists := make([]queue, conns)
	consumers := e.crews.add()
	for i := range lists {
		lists[i] = e.queues(fmt.Sprint("blocked", i))[0]
		done := make(chan int, 1)
		done <- 0
		consumers.Go(func() { e.consume(client, lists[i], done) })
	}
	e.eventually("all connections", func(context.Context) error {
		if open := e.gateway.Stats().Open; open < conns {
			return fmt.Errorf("%d are open", open)
		}
		return nil
	})
	old, _ := e.source.Latest()
	e.awaitTokens(1)
	began := time.Now()
	e.awaitTokens(1)
	e.spread(old, began, conns)
	e.awaitTokens(1)
	for _, q := range lists {
		if _, err := client.Do(e.ctx, q.pushing(0)...); err != nil {
			e.t.Error(e.output.saw(err))
		}
	}
	consumers.Wait()
	e.unnoticed()
}

// tightLoop catches a library that renews a connection only while it is unused (rueidis).
func tightLoop(e *env) {
	client := e.open("loop", 1)
	timeout := "0.05"
	if e.virtual {
		timeout = "5"
	}
	err := client.Hold(e.ctx, func(conn Conn) error {
		e.during(e.awaitRotations, 1, 0, func(int, int) error {
			reply, err := conn.Block(e.ctx, "BLPOP", "none", timeout)
			if err == nil && reply != nil {
				err = fmt.Errorf("BLPOP: %v", reply)
			}
			return err
		})
		return nil
	})
	if err != nil {
		e.t.Error(e.output.saw(err))
	}
	e.renewed(1)
	e.unnoticed()
}

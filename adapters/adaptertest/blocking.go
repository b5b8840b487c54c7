package adaptertest

import (
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// blockedAcrossTokens catches a library that cannot renew a blocked connection (none can: the
// server closes it in the middle of the call), that renews it by ending the call, or that pops an
// element and does not deliver it.
func blockedAcrossTokens(e *env) {
	tokens := rotations + 1
	if e.virtual {
		tokens = 20
	}
	table := e.queues("queue")
	client := e.open("consumer", 2*len(table))
	workers := e.crews.add()
	pushed, stop := make([]int, len(table)), make(chan struct{})
	for i, q := range table {
		if q.prepare != nil {
			if _, err := client.Do(e.ctx, q.prepare...); err != nil {
				e.t.Fatal(e.output.saw(err))
			}
		}
		done := make(chan int, 1)
		workers.Go(func() { e.consume(client, q, done) })
		workers.Go(func() {
			n, err := e.fill(client, q, stop)
			if err == nil {
				done <- n
				_, err = client.Do(e.ctx, q.pushing(n)...) // the last, so that the consumer looks
			}
			if err != nil {
				e.t.Error(e.output.saw(err))
			}
			pushed[i] = n + 1
		})
	}
	e.awaitTokens(tokens)
	close(stop)
	workers.Wait()
	for i, q := range table {
		if pushed[i] < 2 {
			e.t.Errorf("%s: only one element was pushed: nothing was tested", q.pop[0])
		}
	}
	for i, q := range table {
		if !q.moves {
			continue
		}
		if moved, err := client.Do(e.ctx, "LLEN", q.pop[2]); err != nil || moved != int64(pushed[i]) {
			e.t.Errorf("%s: %v of %d elements were moved, %v", q.pop[0], moved, pushed[i], e.output.saw(err))
		}
	}
	e.renewed(len(table))
	e.unnoticed()
}

// consume pops one element per call until it gets the one whose number done delivers. Each element
// must come once and in order.
func (e *env) consume(client Client, q queue, done <-chan int) {
	last := -1
	for n := 0; n != last+1 || last < 0; n++ {
		reply, err := client.Block(e.ctx, q.pop...)
		got := elements(reply)
		if err != nil || len(got) != 1 || got[0] != fmt.Sprint("element ", n) {
			e.t.Errorf("%s: call %d returned %v, %v", q.pop[0], n, reply, e.output.saw(err))
			return
		}
		select {
		case last = <-done:
		default:
		}
	}
}

// waitEnds catches a library that loses track of a call's timeout when it renews the connection.
func waitEnds(e *env) {
	timeout, late := realLife+4*time.Second, hangs
	if e.virtual {
		timeout, late = 200*time.Minute, 200*time.Millisecond
	}
	seconds := strconv.Itoa(int(timeout / time.Second))
	commands := [][]string{{"BLPOP", "none", seconds}, {"BRPOPLPUSH", "none", "nowhere", seconds}}
	if e.dialect.Knows("BLMOVE") {
		commands = append(commands, []string{"BLMOVE", "none", "nowhere", "LEFT", "LEFT", seconds})
	}
	client := e.open("waiting", len(commands))
	callers := e.crews.add()
	for _, command := range commands {
		callers.Go(func() {
			began := time.Now()
			reply, err := client.Block(e.ctx, command...)
			if took := time.Since(began); reply != nil || err != nil || took < timeout-time.Millisecond || took > timeout+late {
				e.t.Errorf("%s of %v: %v, %v after %v", command[0], timeout, reply, e.output.saw(err), took)
			}
		})
	}
	callers.Wait()
	e.ping(client, len(commands))
	e.renewed(len(commands))
	e.unnoticed()
}

// unblocked catches a library that mistakes another client's CLIENT UNBLOCK for the end of its own
// slice, and so blocks again.
func unblocked(e *env) {
	client := e.open("unblocked", 2)
	waiting := make(chan string)
	say := func(what string) {
		select {
		case waiting <- what:
		case <-e.ctx.Done():
		}
	}
	var asked atomic.Bool
	holder := e.crews.add()
	holder.Go(func() {
		err := client.Hold(e.ctx, func(conn Conn) error {
			id, err := conn.Do(e.ctx, "CLIENT", "ID")
			if err != nil {
				return err
			}
			for range 2 {
				say(fmt.Sprint(id))
				if reply, err := conn.Block(e.ctx, "BLPOP", "list", "0"); reply != nil || err != nil {
					return fmt.Errorf("BLPOP: %v, %w; want null", reply, err)
				}
				if !asked.Swap(false) {
					return errors.New("BLPOP returned null, which no CLIENT UNBLOCK had asked for")
				}
				say("")
			}
			reply, err := conn.Do(e.ctx, "ECHO", "in its place")
			if err == nil && reply != "in its place" {
				err = fmt.Errorf("ECHO: %v", reply)
			}
			return err
		})
		if err != nil {
			e.t.Error(e.output.saw(err))
		}
		close(waiting)
	})
	for id := range waiting {
		e.awaitTokens(2)
		asked.Store(true)
		e.unblock(client, id, waiting)
	}
	holder.Wait()
	// No client is blocked, so no element is popped.
	if reply, err := client.Do(e.ctx, "RPUSH", "list", "x"); err != nil || reply != int64(1) {
		e.t.Errorf("RPUSH: %v, %v", reply, e.output.saw(err))
	}
	if reply, err := client.Do(e.ctx, "LLEN", "list"); err != nil || reply != int64(1) {
		e.t.Errorf("LLEN: %v, %v; something was popped for a call that was over", reply, e.output.saw(err))
	}
	e.unnoticed()
}

// unblock sends CLIENT UNBLOCK until the call has ended. If the server has just ended a slice,
// nothing is blocked there, and the call ends all the same. On a busy machine the null may be read
// so late that it looks like the end of a slice. Then another CLIENT UNBLOCK is needed.
func (e *env) unblock(client Client, id string, ended <-chan string) {
	for range 1000 {
		var starved time.Duration
		if !e.virtual {
			starved = e.watchdog.Starved()
		}
		reply, err := client.Do(e.ctx, "CLIENT", "UNBLOCK", id)
		if err != nil {
			e.t.Errorf("CLIENT UNBLOCK: %v", e.output.saw(err))
			return
		}
		wait := 5 * time.Millisecond
		if reply == int64(1) {
			wait = 2 * time.Second
		}
		timer := time.NewTimer(wait)
		select {
		case <-ended:
			timer.Stop()
			return
		case <-timer.C:
		}
		if reply == int64(1) && (e.virtual || e.watchdog.Starved() == starved) || e.ctx.Err() != nil {
			break
		}
	}
	e.t.Error("a blocked call did not return after CLIENT UNBLOCK")
	select {
	case <-ended:
	case <-e.ctx.Done():
	}
}

package adaptertest

import (
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// pipelinesOf100 catches a library that loses count of replies when AUTH stands among many commands.
func pipelinesOf100(e *env) {
	client := e.open("pipelines", 2)
	e.warm(client, 2)
	e.during(e.awaitRotations, 2, max(e.interval(200), 50*time.Millisecond), func(worker, iteration int) error {
		commands := make([][]string, 100)
		for i := range commands {
			commands[i] = []string{"ECHO", fmt.Sprint(worker, ".", iteration, ".", i)}
		}
		replies, err := client.Pipeline(e.ctx, commands...)
		if err != nil {
			return err
		}
		if len(replies) != len(commands) {
			return fmt.Errorf("%d replies to %d commands", len(replies), len(commands))
		}
		for i, reply := range replies {
			if reply != commands[i][1] {
				return fmt.Errorf("command %d was answered %q, want %q", i, reply, commands[i][1])
			}
		}
		return nil
	})
	e.unnoticed()
}

// callersAtOnce catches the same in a client that pipelines the commands of many callers on one
// connection by itself (rueidis). Every reply must reach its caller.
func callersAtOnce(e *env) {
	client := e.open("callers", 64)
	e.during(e.awaitRotations, 64, e.interval(100), func(worker, iteration int) error {
		want := fmt.Sprint(worker, ".", iteration)
		got, err := client.Do(e.ctx, "ECHO", want)
		if err == nil && got != want {
			err = fmt.Errorf("ECHO: %q, want %q", got, want)
		}
		return err
	})
	e.unnoticed()
}

// multiIsNeverSplit catches a library that sends AUTH between MULTI and EXEC: Redis queues it, and EXEC's reply
// has an element too many. The transactions are left open for a while, so that renewals fall due inside.
func multiIsNeverSplit(e *env) {
	client := e.open("multi", 3)
	e.warm(client, 3)
	e.during(e.awaitRotations, 3, e.interval(1000), func(worker, iteration int) error {
		key := fmt.Sprint("counter", worker)
		if worker == 0 { // all at once, as the library does it
			replies, err := client.Transaction(e.ctx, []string{"INCR", key}, []string{"INCR", key})
			return exactly(replies, err, 2*iteration)
		}
		return client.Hold(e.ctx, func(conn Conn) error {
			for _, command := range [][]string{{"MULTI"}, {"INCR", key}, {"INCR", key}} {
				if _, err := conn.Do(e.ctx, command...); err != nil {
					return err
				}
				rest(e.ctx, e.interval(100*worker))
			}
			reply, err := conn.Do(e.ctx, "EXEC")
			replies, _ := reply.([]any)
			return exactly(replies, err, 2*iteration)
		})
	})
	e.unnoticed()
}

func exactly(replies []any, err error, before int) error {
	if err == nil && (len(replies) != 2 || replies[0] != int64(before+1) || replies[1] != int64(before+2)) {
		err = fmt.Errorf("EXEC: %v, want [%d %d]", replies, before+1, before+2)
	}
	return err
}

// watchIsNeverLost catches a library that sends MULTI on another connection than WATCH, or loses the watch by a
// RESET: then a swap that saw an old value succeeds, and the sum is too low.
func watchIsNeverLost(e *env) {
	client := e.open("watch", 4)
	e.warm(client, 4)
	var swaps atomic.Int64
	e.during(e.awaitRotations, 4, e.interval(500), func(int, int) error {
		swapped, err := client.Swap(e.ctx, "sum", func(old string) string {
			n, _ := strconv.Atoi(old)    // 0 if there is none yet
			rest(e.ctx, e.interval(500)) // so that the others get in between, and renewals too
			return strconv.Itoa(n + 1)
		})
		if swapped {
			swaps.Add(1)
		}
		return err
	})
	got, err := client.Do(e.ctx, "GET", "sum")
	if want := fmt.Sprint(swaps.Load()); err != nil || got != want {
		e.t.Errorf("the sum is %v, %v; %s swaps succeeded", got, e.output.saw(err), want)
	}
	if swaps.Load() == 0 {
		e.t.Error(errors.New("no swap succeeded"))
	}
	e.unnoticed()
}

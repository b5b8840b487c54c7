package adaptertest

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// commands has workers send commands in every way that needs a connection for a moment only.
func (d *day) commands() {
	for worker := range 2 {
		key := fmt.Sprint("day:value:", worker)
		d.work("SET and GET", 30*time.Second, func(iteration int) error {
			want := strconv.Itoa(iteration)
			if _, err := d.client.Do(d.ctx, "SET", key, want); err != nil {
				return err
			}
			got, err := d.client.Do(d.ctx, "GET", key)
			if err == nil && got != want {
				err = fmt.Errorf("GET: %v, want %v", got, want)
			}
			return err
		})
	}
	d.work("pipeline", 90*time.Second, func(iteration int) error {
		commands := make([][]string, 10)
		for i := range commands {
			commands[i] = []string{"ECHO", fmt.Sprint(iteration, ".", i)}
		}
		replies, err := d.client.Pipeline(d.ctx, commands...)
		if err != nil {
			return err
		}
		for i, command := range commands {
			if len(replies) != len(commands) || replies[i] != command[1] {
				return fmt.Errorf("%v were answered %v", commands, replies)
			}
		}
		return nil
	})
	d.transactions()
	d.swaps()
}

// transactions count by two. An error in the moment does not say that nothing was done: go-redis 9.23 returns that of an
// earlier try although a later one has run the transaction, with a password as well.
func (d *day) transactions() {
	const key = "day:counter"
	counted := 0
	d.work("transaction", 90*time.Second, func(int) error {
		replies, err := d.client.Transaction(d.ctx, []string{"INCR", key}, []string{"INCR", key})
		now := time.Now()
		if err == nil && len(replies) > 0 && d.reboot.touches(now, now) {
			if n, ok := replies[0].(int64); ok {
				counted = max(counted, int(n)-1)
			}
		}
		if err = exactly(replies, err, counted); err == nil {
			counted += 2
		}
		return err
	})
}

// swaps has two workers count on one key with WATCH.
func (d *day) swaps() {
	const key = "day:sum"
	var swaps atomic.Int64
	for range 2 {
		d.work("WATCH", 90*time.Second, func(int) error {
			swapped, err := d.client.Swap(d.ctx, key, func(old string) string {
				n, _ := strconv.Atoi(old) // 0 if there is none yet
				rest(d.ctx, d.dice.upTo(10*time.Second))
				return strconv.Itoa(n + 1)
			})
			if swapped {
				swaps.Add(1)
			}
			return err
		})
	}
	d.judges = append(d.judges, func() {
		got, err := d.client.Do(d.ctx, "GET", key)
		if want := fmt.Sprint(swaps.Load()); err != nil || got != want || want == "0" {
			d.t.Errorf("the sum is %v, %v; %s swaps succeeded", got, d.output.saw(err), want)
		}
	})
}

// held has two workers hold one connection each for as long as it lives: one uses it, the other does not until
// everybody is called.
func (d *day) held() {
	d.hold1(30 * time.Second)
	d.hold1(2 * dayHours * time.Hour)
}

func (d *day) hold1(interval time.Duration) {
	d.workers.Go(func() {
		called := d.reboot.called
		for again := true; again; {
			err := d.call(func() error {
				return d.client.Hold(d.ctx, func(conn Conn) error {
					id, err := conn.Do(d.ctx, "CLIENT", "ID")
					for err == nil {
						timer := time.NewTimer(interval)
						select {
						case <-d.finished:
							again = false
						case <-called:
							called = nil
						case <-timer.C:
						}
						timer.Stop()
						var same any
						if same, err = conn.Do(d.ctx, "CLIENT", "ID"); err == nil && same != id {
							err = fmt.Errorf("CLIENT ID: %v, was %v", same, id)
						}
						if !again {
							break
						}
					}
					return err
				})
			})
			if err != nil {
				d.failed("held connection", err)
				return
			}
		}
	})
}

// caching has a worker read from the client-side cache what another client has just written.
func (d *day) caching() {
	if d.protocol != 3 || d.harness.Lacks["cached reads are never stale"] != "" {
		return
	}
	d.cfg.Caching = true
	client := d.open("day with a cache", 3)
	d.cfg.Caching = false
	cacher, ok := client.(Cacher)
	if !ok {
		d.t.Fatal("the client is no Cacher, and Harness.Lacks does not say why")
	}
	d.work("cached reads", 2*time.Minute, func(iteration int) error {
		key, want := fmt.Sprint("day:cached:", iteration%5), fmt.Sprint("value ", iteration)
		if _, err := cacher.Cached(d.ctx, key); err != nil { // now it is in the cache
			return err
		}
		if _, err := d.client.Do(d.ctx, "SET", key, want); err != nil {
			return err
		}
		rest(d.ctx, 10*time.Second) // see Config.Quiet
		got, err := cacher.Cached(d.ctx, key)
		if err == nil && got != want {
			err = fmt.Errorf("a stale value long after it was written: %q, want %q", got, want)
		}
		return err
	})
}

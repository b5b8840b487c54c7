package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// slotCount is how many slots a Redis cluster has.
const slotCount = 16384

// keyOfEachSlot returns one key for each slot, in an order in which slots of all masters take turns.
func keyOfEachSlot() []string {
	keys := make([]string, slotCount)
	for i, remaining := 0, slotCount; remaining > 0; i++ {
		key := strconv.Itoa(i)
		const stride = 6151 // odd, so that it visits every slot, and more than a third of them
		if at := entratest.KeySlot(key) * stride % slotCount; keys[at] == "" {
			keys[at] = key
			remaining--
		}
	}
	return keys
}

// clusterInterval is the pause of a worker between two iterations. More iterations would prove no
// more, and all scenarios run at the same time.
const clusterInterval = 100 * time.Millisecond

// acrossRotations waits until a rotation begins, and judges that rotation and the next.
func (e *clusterEnv) acrossRotations() (before standing) {
	e.t.Helper()
	e.awaitTokens(1)
	before = e.standingNow()
	e.awaitTokens(2)
	return before
}

// allSlots catches a library that renews the connections to some of the nodes only, and one that loses count of
// replies where one pipeline is spread over all of them. A second client reads from replicas.
func allSlots(e *clusterEnv) {
	writer := e.open("writer", 4)
	reader := e.open("reader", 4, func(cfg *ClusterConfig) { cfg.Replicas = true })
	const workers, size = 4, 128
	keys := keyOfEachSlot()
	var begun, done atomic.Int64
	var before standing
	e.during(func() {
		e.eventually("all slots used", func(context.Context) error {
			if n := done.Load(); n < slotCount {
				return fmt.Errorf("only %d of %d", n, slotCount)
			}
			return nil
		})
		before = e.acrossRotations()
	}, workers, 2*clusterInterval, func(int, int) error {
		first := int(begun.Add(size)-size) % slotCount
		var set, get [][]string
		for _, key := range keys[first : first+size] {
			set = append(set, []string{"SET", key, "value of " + key})
			get = append(get, []string{"GET", key})
		}
		replies, err := writer.Pipeline(e.ctx, set...)
		if err == nil {
			err = expect(replies, func(i int) bool { return replies[i] == "OK" })
		}
		if err != nil {
			return err
		}
		replies, err = reader.Pipeline(e.ctx, get...)
		if err == nil {
			err = expect(replies, func(i int) bool {
				return replies[i] == set[i][2] || replies[i] == nil // a replica may not have it yet
			})
		}
		done.Add(size)
		return err
	})
	e.unnoticedSince(before)
	for _, gateway := range e.gateways {
		if gateway.Stats().Accepted == 0 {
			e.t.Errorf("%s was never dialed", gateway.Addr())
		}
	}
}

func expect(replies []any, good func(i int) bool) error {
	for i, reply := range replies {
		if err, failed := reply.(error); failed {
			return fmt.Errorf("command %d: %w", i, err)
		}
		if !good(i) {
			return fmt.Errorf("command %d was answered %v", i, reply)
		}
	}
	return nil
}

// Increments notice one that was lost, and one that was done twice.
type increments struct {
	e      *clusterEnv
	client ClusterClient
	name   string // what its keys begin with
	keys   int
}

// add increments one of the worker's keys, for the n-th time over all of them.
func (c increments) add(worker, n int) error {
	reply, err := c.client.Do(c.e.ctx, "INCR", c.key(worker, n))
	if want := int64(n/c.keys + 1); err == nil && reply != want {
		err = fmt.Errorf("INCR: %v, want %d", reply, want)
	}
	return err
}

// addAll increments all of the worker's keys at once, for the n-th time.
func (c increments) addAll(worker, n int) error {
	var commands [][]string
	for i := range c.keys {
		commands = append(commands, []string{"INCR", c.key(worker, i)})
	}
	replies, err := c.client.Pipeline(c.e.ctx, commands...)
	if err == nil && len(replies) != len(commands) {
		err = errors.New("replies are missing")
	}
	if err != nil {
		return err
	}
	return expect(replies, func(i int) bool { return replies[i] == int64(n+1) })
}

func (c increments) key(worker, n int) string { return fmt.Sprint(c.name, worker, ".", n%c.keys) }

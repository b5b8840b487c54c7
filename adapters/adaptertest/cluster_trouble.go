package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// failover catches a library that does not renew the connections to a master that was a replica, or those to a
// replica that was a master.
func failover(e *clusterEnv) {
	client := e.open("failover", 4)
	counts := increments{e, client, "key", 50} // on all masters
	var before standing
	var changing atomic.Bool
	e.during(func() {
		e.awaitTokens(1)
		changing.Store(true)
		replica, err := e.cluster.Replica(e.ctx, e.cluster.Nodes()[0])
		if err == nil {
			err = e.cluster.Failover(e.ctx, replica)
		}
		if err != nil {
			e.t.Errorf("failover: %v", err)
		}
		changing.Store(false)
		before = e.standingNow()
		e.awaitTokens(2)
	}, 4, clusterInterval, func(worker, n int) error {
		for {
			changed := changing.Load()
			err := counts.add(worker, n)
			if err == nil || !changed || !isUnserved(err) {
				return err
			}
			e.output.saw(err)
			rest(e.ctx, clusterInterval)
		}
	})
	e.unnoticedSince(before)
}

// isUnserved reports whether err says that no node serves the key's slot, so that nothing was done. For moments after an
// orderly failover a plain client is told so as well: a node has heard that the former master has the slot no more, and not
// yet who has it.
func isUnserved(err error) bool { return strings.HasPrefix(err.Error(), "CLUSTERDOWN ") }

// oneReboots catches a library in which a failure of one server affects the others, and one that
// does not renew the connections that it dialed after the failure.
func oneReboots(e *clusterEnv) {
	const workers = 4
	client := e.open("reboot", workers)
	down := e.gateways[1]
	var away atomic.Bool
	var before standing
	e.during(func() {
		e.awaitTokens(1)
		e.eventually("a connection to drop", func(context.Context) error {
			if len(down.Conns()) == 0 {
				return errors.New("there is none")
			}
			return nil
		})
		before = e.standingNow()
		away.Store(true)
		fault := down.Inject(entratest.WireFault{RefuseConn: true})
		if down.DropAll() == 0 {
			e.t.Error("no connection was there to be dropped")
		}
		rest(e.ctx, 300*time.Millisecond)
		fault.Remove()
		e.eventually("after one server was away", func(ctx context.Context) error {
			for i := range 40 { // on all servers, and not so many that a busy machine is not done in time
				if _, err := client.Do(ctx, "INCR", fmt.Sprint("after", i)); err != nil {
					return err
				}
			}
			return nil
		})
		away.Store(false)
		e.noneLostSince(before, down)
		before = e.standingNow()
		e.awaitTokens(2)
	}, workers, clusterInterval, func(worker, iteration int) error {
		troubled := away.Load()
		_, err := client.Do(e.ctx, "INCR", fmt.Sprint("key", worker, ".", iteration%50))
		if err != nil && (troubled || away.Load()) {
			e.output.saw(err)
			return nil
		}
		return err
	})
	e.unnoticedSince(before)
}

package adaptertest

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// brokenReplies catches a library that gives a caller the reply of another caller, a part of the
// reply to our AUTH, or no reply at all, after the server has closed the connection in the middle
// of a reply or has answered later than the client waits. Commands may fail while that happens, but
// none may get a wrong reply. Afterwards each caller may fail once on each connection that was open
// at the last fault.
func brokenReplies(e *env) {
	const callers = 4
	var conns openConns
	e.through(conns.add)
	client := e.open("broken", callers)
	e.warm(client, callers)
	failed := make([]int, callers)
	echo := func(caller, iteration int) error {
		want := fmt.Sprintf("%d of %d", iteration, caller)
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
	e.during(func() {
		for i := range rotations {
			var faults []*entratest.FaultHandle
			for cut := 1 + i; cut < 40; cut += rotations { // as long as +OK and two replies
				faults = append(faults, e.gateway.Inject(entratest.WireFault{CutAfter: cut, Count: 1}))
			}
			faults = append(faults, e.gateway.Inject(entratest.WireFault{Delay: e.longerThanClientsWait(), Count: 2}))
			e.awaitTokens(1)
			for _, fault := range faults {
				if err := fault.Wait(e.ctx); err != nil {
					e.t.Errorf("a fault never struck: %v", err)
				}
				fault.Remove()
			}
		}
	}, callers, e.interval(2000), echo)
	clear(failed)
	openBefore := conns.len()
	e.during(func() { e.awaitTokens(2) }, callers, e.interval(2000), func(caller, iteration int) error {
		if err := echo(caller, iteration); err != nil || failed[caller] <= openBefore {
			return err
		}
		return fmt.Errorf("%d commands failed after the last fault, when %d connections were open", failed[caller], openBefore)
	})
	e.eventually("no connection is left that broke", func(context.Context) error { // held ones may come from another pool
		return e.hold(client, callers, func(int, Conn) error { return nil })
	})
	if n := e.gateway.Stats().Expired; n > 0 {
		e.t.Errorf("the server closed %d connections whose token had expired", n)
	}
}

// openConns counts the connections that the client has not closed yet.
type openConns struct {
	mu sync.Mutex
	n  int
}

func (o *openConns) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.n
}

func (o *openConns) change(by int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.n += by
}

// add counts a connection until it is closed.
func (o *openConns) add(conn net.Conn) net.Conn {
	o.change(1)
	return &countedConn{conn, sync.OnceFunc(func() { o.change(-1) })}
}

type countedConn struct {
	net.Conn
	closed func()
}

func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

// longerThanClientsWait returns how long the server leaves a command waiting. In real time it is
// short, because the test cannot wait until clients give up.
func (e *env) longerThanClientsWait() time.Duration {
	if e.virtual {
		return 20 * time.Second
	}
	return 200 * time.Millisecond
}

package adaptertest

import (
	"context"
	"fmt"
)

// serverDropsAll catches a library that keeps dead connections, dials more than it needs, or renews
// only what it had before. Azure drops all connections when access keys are disabled and when it
// repairs a node.
func serverDropsAll(e *env) {
	const conns = 4
	client := e.open("dropped", conns)
	e.warm(client, conns)
	before := e.gateway.Stats().Accepted
	if dropped := e.gateway.DropAll(); dropped < conns {
		e.t.Fatalf("only %d connections were there to be dropped", dropped)
	}
	e.eventually("after all connections were dropped", func(ctx context.Context) error {
		return e.hold(client, conns, func(_ int, conn Conn) error {
			reply, err := conn.Do(ctx, "PING")
			if err == nil && reply != "PONG" {
				err = fmt.Errorf("PING was answered %q", reply)
			}
			return err
		})
	})
	if dialed := e.gateway.Stats().Accepted - before; dialed > 2*before {
		e.t.Errorf("%d connections were dialed for %d that were dropped", dialed, before)
	}
	kept := e.gateway.Stats()
	e.awaitRotations()
	e.ping(client, conns)
	if now := e.gateway.Stats(); now.Expired > 0 || now.Accepted != kept.Accepted {
		e.t.Errorf("of the new connections %d expired, %d were dialed again", now.Expired, now.Accepted-kept.Accepted)
	}
	e.eachTokenOnce()
}

package adaptertest

import (
	"context"
	"fmt"

	"github.com/entraredis/entraredis/core/entratest"
)

// proxyStaysInRESP2 catches a library that assumes that a server which accepts HELLO 3 speaks
// RESP3, and then waits for confirmations that have already come, or dials again and again. A
// subscriber behind such a proxy cannot be renewed. It ends with its token, and a program that
// subscribes again goes on.
func proxyStaysInRESP2(e *env) {
	fault := e.gateway.Inject(entratest.WireFault{StayInRESP2: true})
	for i := range rotations {
		before := e.gateway.Stats().Accepted
		client := e.open("behind a proxy", 2) // whose connections begin with the newest token
		// One of its own each time: the server may not have seen yet that the subscriber before has left.
		channel := fmt.Sprint("channel ", i)
		box, sub := e.subscribe(client, Channel, channel)
		sent := e.publish(client, "PUBLISH", channel, sub, func() { rest(e.ctx, e.life/4) })
		box.complete(e, sent)
		if dialed := e.gateway.Stats().Accepted - before; dialed > 2 {
			e.t.Errorf("%d connections were dialed for a subscriber and a publisher", dialed)
		}
		if e.virtual { // in real time tokens are long, so that no machine is too slow for the messages
			e.awaitTokens(2) // by then the token with which it began has expired
		}
		_ = sub.Stop() // some libraries show that the connection has ended, others have subscribed again
		if dialed := e.gateway.Stats().Accepted - before; dialed > 2+2 {
			e.t.Errorf("%d connections were dialed within two tokens", dialed)
		}
		e.eventually("after the subscriber's end", func(ctx context.Context) error {
			got, err := client.Do(ctx, "PING")
			if err == nil && got != "PONG" {
				err = fmt.Errorf("PING was answered %v", got)
			}
			return err
		})
		_ = client.Close() // some libraries refuse the second one
	}
	if fault.Hits() == 0 {
		e.t.Error("the proxy was never asked for RESP3: nothing was tested")
	}
	if s := e.gateway.Stats(); s.Expired > 1 {
		e.t.Errorf("the server closed %d connections whose token had expired", s.Expired)
	}
}

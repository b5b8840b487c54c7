package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/entraredis/entraredis/core/entra"
)

// fewRights returns the ACL rules of a user who may do little, as a custom access policy of Azure has them.
func fewRights(more ...string) []string {
	return append([]string{"-@all", "+ping", "+echo", "+incr", "+rpush", "+blpop", "+publish", "+subscribe", "+unsubscribe", "+punsubscribe", "+client", "~*", "&*"}, more...)
}

// userOfFewRights catches a library that needs more commands than its program, to renew a connection.
func userOfFewRights(e *env) {
	client := e.open("few rights", 4)
	q := e.queues("few rights")[0]
	done := make(chan int, 1)
	consumer := e.crews.add()
	consumer.Go(func() { e.consume(client, q, done) })
	box, sub := e.subscribe(client, Channel, "channel")
	sent := e.publish(client, "PUBLISH", "channel", sub, e.awaitRotations)
	box.complete(e, sent)
	done <- 0
	if _, err := client.Do(e.ctx, q.pushing(0)...); err != nil {
		e.t.Error(e.output.saw(err))
	}
	consumer.Wait()
	e.renewed(1)
	e.unnoticed()
	e.stop(sub)
}

// helloWarning is what the log says once of a user who may not send HELLO.
const helloWarning = "the user may not send HELLO"

// userWithoutHello catches a library that does not say why a subscription in RESP2 ends with its token: Redis 6.0 asks
// the ACL about HELLO too. Later versions do not, and there the subscription goes on.
func userWithoutHello(e *env) {
	client := e.open("without HELLO", 2)
	_, err := client.Do(e.ctx, "HELLO", "2")
	if err == nil {
		subscribed(Channel, "channel", "PUBLISH", "channel")(e)
		if n := e.output.count(helloWarning); n != 0 {
			e.t.Errorf("the log says %d times that %s", n, helloWarning)
		}
		return
	}
	if !strings.Contains(e.output.saw(err).Error(), "NOPERM") {
		e.t.Fatalf("HELLO: %v, want NOPERM", err)
	}
	for i := range 2 { // one warning for both
		channel := fmt.Sprint("channel ", i)
		box, sub := e.subscribe(client, Channel, channel)
		sent := e.publish(client, "PUBLISH", channel, sub, func() { rest(e.ctx, e.life/8) })
		box.complete(e, sent)
		e.during(func() {
			e.eventually("the subscription ends with its token", func(context.Context) error {
				if e.output.closedFor(entra.CloseUnsupported) <= i {
					return errors.New("it goes on")
				}
				return nil
			})
		}, 1, e.interval(1000), func(int, int) error {
			_, err := client.Do(e.ctx, "INCR", "key")
			return err
		})
		_ = sub.Stop() // some libraries show that the connection has ended, others have subscribed again
	}
	if n := e.output.count(helloWarning); n != 1 {
		e.t.Errorf("the log says %d times that %s, want once", n, helloWarning)
	}
	if s := e.gateway.Stats(); s.Expired > 0 {
		e.t.Errorf("the server closed %d connections whose token had expired", s.Expired)
	}
}

package entraredigo_test

import (
	"testing"
	"testing/synctest"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/gomodule/redigo/redis"
)

// One goroutine of a program is in Receive when another one subscribes, which redigo permits. That is
// the first write of the connection, and it waits for the answer to the login.
func TestReceiveBeforeTheFirstSubscribe(t *testing.T) {
	for _, separate := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			const addr = "10.6.3.80:6380"
			network, sts := entratest.NewNetwork(), entratest.NewSTS(nil)
			l, err := network.Listen(addr)
			if err != nil {
				t.Fatal(err)
			}
			gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
			defer gateway.Close()
			src, err := entra.NewSource(sts.Credential(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			pool := &redis.Pool{MaxIdle: 1}
			defer pool.Close()
			err = entraredigo.Configure(pool, addr, src, &entraredigo.Options{
				Dial: network.DialContext, AllowPlaintext: true, SeparateLogin: separate,
			})
			if err != nil {
				t.Fatal(err)
			}
			sub := redis.PubSubConn{Conn: pool.Get()}
			received := make(chan any, 2)
			go func() {
				for range cap(received) {
					received <- sub.Receive()
				}
			}()
			synctest.Wait()
			if err := sub.Subscribe("news"); err != nil {
				t.Fatalf("separate login %v: %v", separate, err)
			}
			if got, ok := (<-received).(redis.Subscription); !ok || got.Count != 1 {
				t.Errorf("separate login %v: received %+v", separate, got)
			}
			if err := sub.Unsubscribe(); err != nil {
				t.Error(err)
			}
			if got, ok := (<-received).(redis.Subscription); !ok || got.Count != 0 {
				t.Errorf("separate login %v: received %+v", separate, got)
			}
			if err := sub.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

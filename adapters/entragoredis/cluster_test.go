package entragoredis_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/go-redis/v9"
)

// Each server has its own login gate: the refusal of one must not hold back dials to the others,
// and the success of the others must not open the gate of the one.
func TestOneOfTwoServersRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := entratest.NewNetwork()
		good, bad := newGateway(t, network, "10.6.3.80:6380"), newGateway(t, network, "10.6.3.81:6380")
		fault := bad.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair", LoginOnly: true})
		opt := &redis.ClusterOptions{
			ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
				return []redis.ClusterSlot{
					{Start: 0, End: 8191, Nodes: []redis.ClusterNode{{Addr: good.Addr()}}},
					{Start: 8192, End: 16383, Nodes: []redis.ClusterNode{{Addr: bad.Addr()}}},
				}, nil
			},
			Dialer: network.DialContext, ConnMaxIdleTime: -1, ContextTimeoutEnabled: true,
		}
		if err := entragoredis.ConfigureCluster(opt, newSource(t), &entragoredis.Options{AllowPlaintext: true}); err != nil {
			t.Fatal(err)
		}
		client := redis.NewClusterClient(opt)
		defer client.Close()
		const onGood, onBad = "bar", "foo" // slots 5061 and 12182
		set := func(key string) error {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			return client.Set(ctx, key, "value", 0).Err()
		}
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
			if err := set(onGood); err != nil {
				t.Fatalf("the server that accepts: %v", err)
			}
			if err, refusal := set(onBad), (*entra.AuthError)(nil); !errors.As(err, &refusal) || refusal.Addr != bad.Addr() {
				t.Fatalf("the server that refuses: %v, want an *entra.AuthError of %s", err, bad.Addr())
			}
		}
		if n := bad.Stats().Accepted; n > 20 {
			t.Errorf("%d connections were made to the server that refuses", n)
		}
		fault.Remove()
		err := set(onBad)
		for end := time.Now().Add(time.Minute); err != nil && time.Now().Before(end); err = set(onBad) {
			<-time.After(time.Second)
		}
		if err != nil {
			t.Errorf("after the access policy was mended: %v", err)
		}
		if s := good.Stats(); s.Open != s.Accepted || s.Refused > 0 {
			t.Errorf("the server that accepts has seen %+v", s)
		}
	})
}

func newGateway(t *testing.T, network *entratest.Network, addr string) *entratest.Gateway {
	listener, err := network.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	gateway := entratest.NewGateway(listener, nil)
	t.Cleanup(func() {
		if err := gateway.Close(); err != nil {
			t.Error(err)
		}
	})
	return gateway
}

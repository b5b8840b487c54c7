package entragoredis_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// The nodes of a cluster are one pool, under the address that was dialed first. The shards of a Ring are caches of their
// own: an alert that names another one sends people to the wrong cache.
func TestShardsAreTheirOwnPools(t *testing.T) {
	const east, west = "east.test:10000", "west.test:10000"
	for name, tc := range map[string]struct {
		configure func(src *entra.Source, dial dialFunc) (dialFunc, error)
		want      map[string]string // the pool of each address
	}{
		"Ring": {
			configure: func(src *entra.Source, dial dialFunc) (dialFunc, error) {
				opt := &redis.RingOptions{Addrs: map[string]string{"east": east, "west": west}, Dialer: dial}
				err := entragoredis.ConfigureRing(opt, src, &entragoredis.Options{AllowPlaintext: true})
				return opt.Dialer, err
			},
			want: map[string]string{east: east, west: west},
		},
		"cluster": {
			configure: func(src *entra.Source, dial dialFunc) (dialFunc, error) {
				opt := &redis.ClusterOptions{Addrs: []string{east}, Dialer: dial}
				err := entragoredis.ConfigureCluster(opt, src, &entragoredis.Options{AllowPlaintext: true, TrustNode: func(string) bool { return true }})
				return opt.Dialer, err
			},
			want: map[string]string{east: east, west: east},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				got := map[string]string{}
				network, sts := entratest.NewNetwork(), entratest.NewSTS(nil)
				for _, addr := range []string{east, west} {
					l, err := network.Listen(addr)
					if err != nil {
						t.Fatal(err)
					}
					defer entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts}).Close()
				}
				src, err := entra.NewSource(sts.Credential(), &entra.Options{Observer: &entra.Observer{
					ConnOpened: func(ctx context.Context, info entra.ConnOpenedInfo) context.Context {
						mu.Lock()
						defer mu.Unlock()
						got[info.Conn.ServerAddr] = info.Conn.PoolAddr
						return ctx
					},
				}})
				if err != nil {
					t.Fatal(err)
				}
				dial, err := tc.configure(src, network.DialContext)
				if err != nil {
					t.Fatal(err)
				}
				for _, addr := range []string{east, west, east} {
					conn, err := dial(t.Context(), "tcp", addr)
					if err != nil {
						t.Fatal(err)
					}
					_ = conn.Close()
				}
				if err := src.Close(); err != nil { // it waits for the observer
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("the pool of each address (-want +got):\n%s", diff)
				}
			})
		})
	}
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

package entragoredis_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/newerfield"
)

// With MinIdleConns the pool keeps connections that were dialed while logins were refused, or while
// there was no token. After the mend every command is served, as with a password.
func TestIdleConnectionsDialedDuringAnOutageWorkAfterIt(t *testing.T) {
	for name, tc := range map[string]struct{ plain, withoutToken bool }{
		"refused, with a password": {plain: true},
		"refused":                  {},
		"without a token":          {withoutToken: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const addr, user, password = "10.6.3.80:6380", "service", "a password that stays"
				network, sts := entratest.NewNetwork(), entratest.NewSTS(nil)
				l, err := network.Listen(addr)
				if err != nil {
					t.Fatal(err)
				}
				gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts, StaticUsers: map[string]string{user: password}})
				defer gateway.Close()
				fault := gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair or user is disabled."})
				if tc.withoutToken {
					fault.Remove()
					fault = sts.Inject(entratest.Fault{Status: 401, Body: `{"error":"invalid_client"}`})
				}
				src, err := entra.NewSource(sts.Credential(), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer src.Close()
				opt := &redis.Options{
					Addr: addr, Dialer: network.DialContext, MinIdleConns: 50, PoolSize: 60, MaxRetries: -1,
				}
				newerfield.DisableMaintenance(opt)
				if tc.plain {
					opt.Username, opt.Password = user, password
				} else if err := entragoredis.Configure(opt, src, &entragoredis.Options{AllowPlaintext: true}); err != nil {
					t.Fatal(err)
				}
				client := redis.NewClient(opt)
				defer client.Close()
				ping := func() error {
					ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
					defer cancel()
					return client.Ping(ctx).Err()
				}
				for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
					if err := ping(); err == nil {
						t.Fatal("a command was served, so nothing is tested")
					}
				}
				fault.Remove()
				time.Sleep(10 * time.Second)
				if _, err := src.Token(t.Context()); err != nil { // Entra is asked every 5 minutes at least
					t.Fatal(err)
				}
				for range 4 {
					var calls sync.WaitGroup
					for range 50 {
						calls.Go(func() {
							if err := ping(); err != nil {
								t.Error(err)
							}
						})
					}
					calls.Wait()
					time.Sleep(time.Second)
				}
			})
		})
	}
}

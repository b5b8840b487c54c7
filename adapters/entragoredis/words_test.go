package entragoredis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/go-redis/v9"
)

// A server that serves no client says so at login. Beside a client with a password, ours returns an
// error that go-redis knows as the same, after as many tries, and has decided nothing for good.
func TestServerThatServesNoClientIsWhatItIsWithAPassword(t *testing.T) {
	for line, isKnown := range map[string]func(error) bool{
		"LOADING Redis is loading the dataset in memory":          redis.IsLoadingError,
		"BUSY Redis is busy running a script":                     nil,
		"OOM command not allowed when used memory > 'maxmemory'.": redis.IsOOMError,
		"MASTERDOWN Link with MASTER is down":                     redis.IsMasterDownError,
		"CLUSTERDOWN The cluster is down":                         redis.IsClusterDownError,
		"TRYAGAIN later":                                          redis.IsTryAgainError,
		"ERR max number of clients reached":                       redis.IsMaxClientsError,
	} {
		t.Run(line, func(t *testing.T) {
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
				tok, err := src.Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				plain, ours := &redis.Options{Addr: addr, Dialer: network.DialContext}, &redis.Options{Addr: addr, Dialer: network.DialContext}
				plain.Username, plain.Password = tok.Credentials()
				if err := entragoredis.Configure(ours, src, &entragoredis.Options{AllowPlaintext: true}); err != nil {
					t.Fatal(err)
				}
				fault := gateway.Inject(entratest.WireFault{RefuseAuth: line})
				defer fault.Remove()
				tried := func(opt *redis.Options) (conns int, err error) {
					client := redis.NewClient(opt)
					defer client.Close()
					before := gateway.Stats().Accepted
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					defer cancel()
					err = client.Get(ctx, "key").Err()
					conns = gateway.Stats().Accepted - before
					if mode := client.Options().MaintNotificationsConfig.Mode; mode != "auto" {
						t.Errorf("maintenance notifications are %s from now on", mode)
					}
					return conns, err
				}
				wantConns, want := tried(plain)
				conns, got := tried(ours)
				if want == nil || want.Error() != line {
					t.Fatalf("with a password: %v", want)
				}
				if got == nil || !strings.HasPrefix(got.Error(), line) || conns != wantConns {
					t.Errorf("%v after %d connections, with a password %v after %d", got, conns, want, wantConns)
				}
				if busy := (*entra.AuthError)(nil); !errors.As(got, &busy) || !busy.Temporary() || busy.Addr != addr || busy.User != plain.Username {
					t.Errorf("%v is not the AuthError", got)
				}
				if isKnown != nil && (!isKnown(want) || !isKnown(got)) {
					t.Errorf("go-redis knows the error with a password: %v, ours: %v", isKnown(want), isKnown(got))
				}
			})
		})
	}
}

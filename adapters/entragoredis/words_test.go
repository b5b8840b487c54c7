//go:build newest

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
	"github.com/entraredis/entraredis/internal/neverworse/stage"
	"github.com/redis/go-redis/v9"
)

// Built with the newest versions only: go-redis 9.14 has neither these functions nor maintenance notifications.
//
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
				at := stage.New(t)
				plain, ours := &redis.Options{Addr: at.Addr, Dialer: at.Network.DialContext}, &redis.Options{Addr: at.Addr, Dialer: at.Network.DialContext}
				plain.Username, plain.Password = at.User, at.Password
				if err := entragoredis.Configure(ours, at.Source, &entragoredis.Options{AllowPlaintext: true}); err != nil {
					t.Fatal(err)
				}
				fault := at.Gateway.Inject(entratest.WireFault{RefuseAuth: line})
				defer fault.Remove()
				tried := func(opt *redis.Options) (conns int, err error) {
					client := redis.NewClient(opt)
					defer client.Close()
					before := at.Gateway.Stats().Accepted
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					defer cancel()
					err = client.Get(ctx, "key").Err()
					conns = at.Gateway.Stats().Accepted - before
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
				if busy := (*entra.AuthError)(nil); !errors.As(got, &busy) || !busy.Temporary() || busy.Addr != at.Addr || busy.User != plain.Username {
					t.Errorf("%v is not the AuthError", got)
				}
				if isKnown != nil && (!isKnown(want) || !isKnown(got)) {
					t.Errorf("go-redis knows the error with a password: %v, ours: %v", isKnown(want), isKnown(got))
				}
			})
		})
	}
}

package entraredigo_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/neverworse/stage"
	"github.com/gomodule/redigo/redis"
)

// A server that serves no client says so at login. Beside a pool with a password, ours returns the
// same words after as many connections, and keeps none that has ended.
func TestServerThatServesNoClientIsWhatItIsWithAPassword(t *testing.T) {
	for _, line := range []string{
		"LOADING Redis is loading the dataset in memory", "BUSY Redis is busy running a script", "MASTERDOWN Link with MASTER is down",
		"OOM command not allowed when used memory > 'maxmemory'.", "CLUSTERDOWN The cluster is down", "TRYAGAIN later",
		"ERR max number of clients reached",
	} {
		t.Run(line, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at := stage.New(t)
				plain, ours := &redis.Pool{MaxIdle: 1}, &redis.Pool{MaxIdle: 1}
				defer plain.Close()
				defer ours.Close()
				plain.Dial = func() (redis.Conn, error) {
					return redis.DialContext(t.Context(), "tcp", at.Addr, redis.DialContextFunc(at.Network.DialContext),
						redis.DialUsername(at.User), redis.DialPassword(at.Password))
				}
				if err := entraredigo.Configure(ours, at.Addr, at.Source, &entraredigo.Options{Dial: at.Network.DialContext, AllowPlaintext: true}); err != nil {
					t.Fatal(err)
				}
				call := func(pool *redis.Pool) error {
					c := pool.Get()
					defer c.Close()
					_, err := c.Do("SET", "key", "value")
					return err
				}
				fault := at.Gateway.Inject(entratest.WireFault{RefuseAuth: line})
				for range 3 {
					want, got := call(plain), call(ours)
					if answer := redis.Error(""); !errors.As(want, &answer) || string(answer) != line {
						t.Fatalf("with a password: %v", want)
					}
					if got == nil || !strings.HasPrefix(got.Error(), line) {
						t.Errorf("%v, with a password %v", got, want)
					}
					if busy := (*entra.AuthError)(nil); !errors.As(got, &busy) || !busy.Temporary() {
						t.Errorf("%v is not the AuthError", got)
					}
				}
				if n := at.Gateway.Stats().Accepted; n != 6 {
					t.Errorf("%d connections for 6 calls", n)
				}
				fault.Remove()
				if want, got := call(plain), call(ours); want != nil || got != nil {
					t.Errorf("after it served again: %v, with a password %v", got, want)
				}
			})
		})
	}
}

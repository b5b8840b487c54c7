package entrarueidis_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/neverworse/stage"
	"github.com/redis/rueidis"
)

// A server that serves no client says so at login. rueidis pipelines its handshake and retries each
// error that is not a *rueidis.RedisError, so it must get one, as a client with a password does.
func TestServerThatServesNoClientIsWhatItIsWithAPassword(t *testing.T) {
	for _, line := range []string{
		"LOADING Redis is loading the dataset in memory", "BUSY Redis is busy running a script", "MASTERDOWN Link with MASTER is down",
		"OOM command not allowed when used memory > 'maxmemory'.", "CLUSTERDOWN The cluster is down", "TRYAGAIN later",
	} {
		for _, resp2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, RESP2 %v", line, resp2), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { asWithPassword(t, line, resp2) })
			})
		}
	}
}

func asWithPassword(t *testing.T, line string, resp2 bool) {
	at := stage.New(t)
	options := func() rueidis.ClientOption {
		return rueidis.ClientOption{
			InitAddress: []string{at.Addr}, ForceSingleClient: true, AlwaysRESP2: resp2, DisableCache: resp2, Dialer: net.Dialer{KeepAlive: -1},
			DialCtxFn: func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
				return at.Network.DialContext(ctx, "tcp", addr)
			},
		}
	}
	plain, ours := options(), options()
	plain.Username, plain.Password = at.User, at.Password
	if err := entrarueidis.Configure(&ours, at.Source, &entrarueidis.Options{AllowPlaintext: true}); err != nil {
		t.Fatal(err)
	}
	fault := at.Gateway.Inject(entratest.WireFault{RefuseAuth: line})
	defer fault.Remove()
	tried := func(opt rueidis.ClientOption) (conns int, took time.Duration, err error) {
		client, err := rueidis.NewClient(opt) // its error is that of the call below
		if !isUsable(client) {
			return 0, 0, err // of the oldest supported version, which has no client then
		}
		defer client.Close()
		before, began := at.Gateway.Stats().Accepted, time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err = client.Do(ctx, client.B().Get().Key("key").Build()).Error()
		return at.Gateway.Stats().Accepted - before, time.Since(began), err
	}
	wantConns, wantTook, want := tried(plain)
	conns, took, got := tried(ours)
	line = strings.TrimPrefix(line, "ERR ") // rueidis leaves it out
	if answer, ok := rueidis.IsRedisErr(want); !ok || answer.Error() != line {
		t.Fatalf("with a password: %v", want)
	}
	if answer, ok := rueidis.IsRedisErr(got); !ok || answer.Error() != line {
		t.Errorf("%T %v, with a password %v", got, got, want)
	}
	if retries := wantConns > 1; retries != (conns > 1) || retries != (took > time.Second) || retries != (wantTook > time.Second) {
		t.Errorf("%d connections in %v, with a password %d in %v", conns, took, wantConns, wantTook)
	}
}

package servicetest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/servicetest"
	"github.com/redis/go-redis/v9"
)

func TestGreeterOutlivesItsTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts, gateway, greeter := newGreeter(t)
		start := time.Now()
		for n := 1; time.Since(start) < 12*time.Hour; n++ {
			got, err := greeter.Greet(t.Context(), "Ada")
			if want := fmt.Sprintf("Hello Ada, for the %d. time", n); err != nil || got != want {
				t.Fatalf("after %v: %q, %v, want %q", time.Since(start), got, err, want)
			}
			// This takes no time in a synctest bubble. go-redis closes connections that are idle for 30 minutes.
			time.Sleep(20 * time.Minute)
		}
		if stats := gateway.Stats(); stats.Expired > 0 || stats.Accepted > 1 {
			t.Errorf("%d connections expired, %d were opened, want 0 and 1", stats.Expired, stats.Accepted)
		}
		t.Logf("12 hours on %d tokens", sts.Issued())
	})
}

func TestGreeterSurvivesAnOutageOfEntra(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts, _, greeter := newGreeter(t)
		if _, err := greeter.Greet(t.Context(), "Ada"); err != nil {
			t.Fatal(err)
		}
		// The first token's successor is asked for somewhere between 30 % and 80 % of its 75 minutes.
		time.Sleep(20 * time.Minute)
		outage := sts.Inject(entratest.Fault{Status: 503})
		time.Sleep(50 * time.Minute) // the token lives 5 minutes more
		outage.Remove()
		time.Sleep(2 * time.Hour)
		if _, err := greeter.Greet(t.Context(), "Ada"); err != nil {
			t.Errorf("after an outage of 50 minutes: %v", err)
		}
		if outage.Hits() == 0 {
			t.Error("the outage met no request, so nothing was tested")
		}
	})
}

// newGreeter connects a Greeter to a fake Entra and to a Redis that asks for its tokens, both in memory.
func newGreeter(t *testing.T) (*entratest.STS, *entratest.Gateway, servicetest.Greeter) {
	t.Helper()
	const addr = "192.0.2.1:6380" // no name: go-redis would look it up, and in a bubble there is no DNS
	network := entratest.NewNetwork()
	listener, err := network.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	sts := entratest.NewSTS(nil) // tokens live 75 minutes
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts, Backend: entratest.NewMiniredis()})
	t.Cleanup(func() { closing(t, gateway.Close) })

	cred, err := sts.ClientSecretCredential()
	if err != nil {
		t.Fatal(err)
	}
	src, err := entra.NewSource(cred, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, src.Close) })

	opt := &redis.Options{Addr: addr, Dialer: network.DialContext}
	if err := entragoredis.Configure(opt, src, &entragoredis.Options{AllowPlaintext: true}); err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(opt)
	t.Cleanup(func() { closing(t, rdb.Close) }) // runs first: clients before their Source
	return sts, gateway, servicetest.Greeter{Redis: rdb}
}

func closing(t *testing.T, f func() error) {
	t.Helper()
	if err := f(); err != nil {
		t.Error(err)
	}
}

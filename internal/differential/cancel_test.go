package differential

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
)

// cancellations is how many calls are cancelled in each library.
const cancellations = 100

// This catches a command that is sent again for a caller who has gone: it pops the next element for nobody.
func TestCancelledCallsLeaveElementsAlone(t *testing.T) {
	site := newSite(t)
	site.do(t, "CONFIG", "SET", "hz", "500")
	src, err := entra.NewSource(&rapid{life: 30 * time.Millisecond}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dial := func() dialFunc { return entraconn.NewDialer(src, nil).DialFunc(plainDial) }
	rueidisPops := func(opt rueidis.ClientOption) func(ctx context.Context) error {
		c := newRueidis(t, site.addr, dial(), opt).(rueidisClient).c
		t.Cleanup(c.Close)
		return func(ctx context.Context) error {
			return c.Do(ctx, c.B().Blpop().Key("queue").Timeout(0).Build().UnblockOnCancel()).Error()
		}
	}
	g := redis.NewClient(&redis.Options{Addr: site.addr, Dialer: dial(), ContextTimeoutEnabled: true, MaxRetries: -1})
	defer g.Close()
	for name, pop := range map[string]func(context.Context) error{
		"rueidis RESP3": rueidisPops(rueidis.ClientOption{BlockingPoolSize: 1}),
		"rueidis RESP2": rueidisPops(rueidis.ClientOption{BlockingPoolSize: 1, AlwaysRESP2: true, DisableCache: true}),
		"go-redis":      func(ctx context.Context) error { return g.BLPop(ctx, 0, "queue").Err() },
	} {
		t.Run(name, func(t *testing.T) {
			for i := range cancellations {
				// Not before the command has arrived: then the library's own CLIENT UNBLOCK would be too early.
				patience := 10*time.Millisecond + time.Duration(rand.IntN(40_000))*time.Microsecond
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				if err := pop(ctx); err == nil || errors.Is(err, io.EOF) {
					t.Fatalf("call %d: %v", i, err)
				}
				cancel()
				site.awaitNobodyBlocked(t)
				site.do(t, "RPUSH", "queue", "job")
				if got := site.do(t, "LPOP", "queue"); got != "job" {
					t.Fatalf("call %d: the element was popped for nobody", i)
				}
			}
			calls, unblocked := site.calls(t, "blpop"), site.calls(t, "client|unblock")
			t.Logf("%d commands for %d cancelled calls, %d CLIENT UNBLOCK", calls, cancellations, unblocked)
			site.do(t, "CONFIG", "RESETSTAT")
		})
	}
}

// awaitNobodyBlocked waits until the server has heard of the cancellation. Between two slices nobody is blocked either,
// for much less than a slice.
func (s *site) awaitNobodyBlocked(t *testing.T) {
	start, since := time.Now(), time.Now()
	for time.Since(since) < 30*time.Millisecond {
		if !strings.Contains(s.do(t, "INFO", "clients"), "blocked_clients:0\r") {
			since = time.Now()
		}
		if time.Since(start) > 10*time.Second {
			t.Fatal("a command is still blocked whose caller has gone")
		}
	}
}

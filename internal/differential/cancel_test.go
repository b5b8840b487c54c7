package differential

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/core/entraconn"
)

// A popper waits for an element of a list, until ctx ends.
type popper struct {
	pop func(ctx context.Context, list string) error
	// byDeadline: a call ends only at the deadline that its context had when it began.
	byDeadline bool
}

func poppers(site *site, dial func() dialFunc) map[string]func(t *testing.T) popper {
	fromRueidis := func(opt rueidis.ClientOption) func(t *testing.T) popper {
		return func(t *testing.T) popper {
			opt.BlockingPoolSize, opt.PipelineMultiplex = 1, -1 // one connection for blocking calls, one for all others
			c := newRueidis(t, site.addr, dial(), opt).(rueidisClient).c
			t.Cleanup(c.Close)
			return popper{pop: func(ctx context.Context, list string) error {
				command := c.B().Blpop().Key(list).Timeout(0).Build()
				if newer, ok := any(command).(interface{ UnblockOnCancel() rueidis.Completed }); ok { // the oldest supported version has it not
					command = newer.UnblockOnCancel()
				}
				return c.Do(ctx, command).Error()
			}}
		}
	}
	return map[string]func(t *testing.T) popper{
		"rueidis RESP3": fromRueidis(rueidis.ClientOption{}),
		"rueidis RESP2": fromRueidis(rueidis.ClientOption{AlwaysRESP2: true, DisableCache: true}),
		"go-redis": func(t *testing.T) popper {
			c := redis.NewClient(&redis.Options{Addr: site.addr, Dialer: dial(), ContextTimeoutEnabled: true, MaxRetries: -1})
			t.Cleanup(func() { c.Close() })
			return popper{pop: func(ctx context.Context, list string) error { return c.BLPop(ctx, 0, list).Err() }, byDeadline: true}
		},
	}
}

// This catches a command that is sent again after its caller has given up: it would pop an element
// that no caller receives.
func TestCancelledCallsLeaveElementsAlone(t *testing.T) {
	site := newSite(t)
	site.do(t, "CONFIG", "SET", "hz", "500")
	src := (&rapid{life: 30 * time.Millisecond}).source(t)
	dial := func() dialFunc { return entraconn.NewDialer(src, nil).DialFunc(plainDial) }
	for name, open := range poppers(site, dial) {
		t.Run(name, func(t *testing.T) {
			rng := seeded(0)
			p := open(t)
			site.popNow(t, p)
			usual := site.connections(t)
			calls := 0
			for enough := until(*cancellations, 33); !enough(calls); calls++ {
				site.popInVain(t, p, func() {
					for range rng.IntN(3) {
						_, newer := src.Latest()
						<-newer
					}
					<-time.NewTimer(time.Duration(rng.IntN(20_000)) * time.Microsecond).C
				})
				// The cancelled call's command has ended: its connection serves the next call, or
				// is closed.
				site.popNow(t, p)
				for began := time.Now(); site.connections(t) > usual; {
					if time.Since(began) > hung {
						t.Fatal("the connection of a caller who has gone is still open")
					}
				}
				site.do(t, "RPUSH", "queue", "job")
				if got := site.do(t, "LPOP", "queue"); got != "job" {
					t.Fatalf("call %d: the element was popped and not delivered", calls)
				}
			}
			commands := site.calls(t, "blpop")
			if !p.byDeadline && calls > 10 && commands == calls+calls+1 {
				t.Errorf("%d commands for %d cancelled calls and as many others: none was sent in slices", commands, calls)
			}
			t.Logf("%d commands for %d cancelled calls and %d others, %d CLIENT UNBLOCK", commands, calls, calls+1, site.calls(t, "client|unblock"))
			site.resetCalls(t)
		})
	}
}

// popInVain pops from a list without elements, and cancels that after a pause, which begins when the command has arrived:
// before that the library's own CLIENT UNBLOCK would be too early.
func (s *site) popInVain(t *testing.T, p popper, pause func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if p.byDeadline {
		ctx, cancel = context.WithTimeout(ctx, 30*time.Millisecond)
		defer cancel()
	}
	done := make(chan error, 1)
	go func() { done <- p.pop(ctx, "queue") }()
	if !p.byDeadline {
		for began := time.Now(); !strings.Contains(s.do(t, "INFO", "clients"), "blocked_clients:1\r"); {
			if time.Since(began) > hung {
				t.Fatal("the command has not arrived")
			}
		}
		pause()
		cancel()
	}
	if err := <-done; err == nil || errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

// popNow pops an element that is there.
func (s *site) popNow(t *testing.T, p popper) {
	t.Helper()
	s.do(t, "RPUSH", "ready", "job")
	if err := p.pop(t.Context(), "ready"); err != nil {
		t.Fatal(err)
	}
}

// connections returns how many there are at the server.
func (s *site) connections(t *testing.T) int {
	t.Helper()
	_, rest, _ := strings.Cut(s.do(t, "INFO", "clients"), "connected_clients:")
	digits, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

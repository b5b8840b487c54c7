package entratest_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// onNetwork runs a test in a bubble, with a network on which two addresses are listened on.
func onNetwork(t *testing.T, test func(t *testing.T, n *entratest.Network, dial func(ctx context.Context, addr string) error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := entratest.NewNetwork()
		for _, addr := range []string{"redis.test:6380", "other.test:6380"} {
			l, err := n.Listen(addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
		}
		test(t, n, func(ctx context.Context, addr string) error {
			c, err := n.DialContext(ctx, "tcp", addr)
			if err == nil {
				_ = c.Close()
			}
			return err
		})
	})
}

func TestSilentDialEndsWithItsContextOrTheFault(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *entratest.Network, dial func(ctx context.Context, addr string) error) {
		fault := n.Inject(entratest.NetworkFault{Silent: true, Addr: "redis.test:6380"})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		wantOpError(t, dial(ctx, "redis.test:6380"), "dial", context.DeadlineExceeded)
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("ended after %v", d)
		}
		if err := dial(t.Context(), "other.test:6380"); err != nil {
			t.Errorf("another address: %v", err)
		}
		done := make(chan error, 1)
		go func() { done <- dial(t.Context(), "redis.test:6380") }()
		time.Sleep(time.Hour)
		select {
		case err := <-done:
			t.Errorf("a dial without a deadline ended with %v", err)
		default:
		}
		fault.Remove()
		if err := <-done; err != nil {
			t.Errorf("after the fault: %v", err)
		}
		if fault.Hits() != 2 {
			t.Errorf("%d hits", fault.Hits())
		}
	})
}

func TestDelayedDial(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *entratest.Network, dial func(ctx context.Context, addr string) error) {
		n.Inject(entratest.NetworkFault{Delay: 600 * time.Millisecond, Count: 1})
		for _, want := range []time.Duration{600 * time.Millisecond, 0} {
			start := time.Now()
			if err := dial(t.Context(), "redis.test:6380"); err != nil {
				t.Error(err)
			}
			if d := time.Since(start); d != want {
				t.Errorf("took %v, want %v", d, want)
			}
		}
	})
}

func TestUnknownHost(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *entratest.Network, dial func(ctx context.Context, addr string) error) {
		fault := n.Inject(entratest.NetworkFault{UnknownHost: true})
		unknown := (*net.DNSError)(nil)
		if err := dial(t.Context(), "redis.test:6380"); !errors.As(err, &unknown) || !unknown.IsNotFound || unknown.Name != "redis.test" {
			t.Errorf("err = %v", err)
		}
		fault.Remove()
		if err := dial(t.Context(), "redis.test:6380"); err != nil {
			t.Error(err)
		}
	})
}

package entragoredis_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/go-redis/v9"
)

// go-redis hands what the server announces, in MOVED, ASK, CLUSTER SLOTS or MOVING, to the Dialer.
func TestTokenDoesNotFollowTheServerElsewhere(t *testing.T) {
	const seed, node, elsewhere = "contoso.redis.azure.net:10000", "a.contoso.redis.azure.net:8500", "evil.example:6380"
	failure := errors.New("no route")
	var dialed []string
	dial := func(_ context.Context, _, addr string) (net.Conn, error) {
		dialed = append(dialed, addr)
		return nil, failure
	}
	for name, configure := range map[string]func(*entragoredis.Options) (func(context.Context, string, string) (net.Conn, error), error){
		"single": func(opts *entragoredis.Options) (func(context.Context, string, string) (net.Conn, error), error) {
			opt := &redis.Options{Addr: seed, Dialer: dial}
			err := entragoredis.Configure(opt, newSource(t), opts)
			return opt.Dialer, err
		},
		"cluster": func(opts *entragoredis.Options) (func(context.Context, string, string) (net.Conn, error), error) {
			opt := &redis.ClusterOptions{Addrs: []string{seed}, Dialer: dial}
			err := entragoredis.ConfigureCluster(opt, newSource(t), opts)
			return opt.Dialer, err
		},
		"universal": func(opts *entragoredis.Options) (func(context.Context, string, string) (net.Conn, error), error) {
			opt := &redis.UniversalOptions{Addrs: []string{seed}, Dialer: dial}
			err := entragoredis.ConfigureUniversal(opt, newSource(t), opts)
			return opt.Dialer, err
		},
		"cluster whose nodes a function names": func(opts *entragoredis.Options) (func(context.Context, string, string) (net.Conn, error), error) {
			opt := &redis.ClusterOptions{Dialer: dial, ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
				return []redis.ClusterSlot{{End: 16383, Nodes: []redis.ClusterNode{{Addr: seed}}}}, nil
			}}
			err := entragoredis.ConfigureCluster(opt, newSource(t), opts)
			if slots, slotsErr := opt.ClusterSlots(t.Context()); slotsErr != nil || len(slots) != 1 || slots[0].End != 16383 {
				t.Errorf("ClusterSlots returns %v, %v", slots, slotsErr)
			}
			return opt.Dialer, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			remedy := "entragoredis.Options.SeedHost to true"
			if strings.Contains(name, "function") { // there is no host that it could take
				remedy = "entragoredis.Options.NodeAddress to entraconn.SeedHost"
			}
			dialed = nil
			dialer, err := configure(nil)
			if err != nil {
				t.Fatal(err)
			}
			config := (*entra.ConfigError)(nil)
			if _, err := dialer(t.Context(), "tcp", elsewhere); !errors.As(err, &config) || config.Field != "entragoredis.Options.TrustNode" {
				t.Errorf("%v, want a *ConfigError for entragoredis.Options.TrustNode", err)
			}
			for _, addr := range []string{seed, node, "10.1.2.3:8500"} {
				_, err := dialer(t.Context(), "tcp", addr)
				if named := strings.Contains(err.Error(), remedy); !errors.Is(err, failure) || named != (addr != seed) {
					t.Errorf("%s: %v", addr, err)
				}
			}
			if got := strings.Join(dialed, " "); got != seed+" "+node+" 10.1.2.3:8500" {
				t.Errorf("dialed %s", got)
			}

			dialed = nil
			dialer, err = configure(&entragoredis.Options{TrustNode: func(host string) bool { return host == "evil.example" }})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dialer(t.Context(), "tcp", elsewhere); !errors.Is(err, failure) || len(dialed) != 1 {
				t.Errorf("%v, dialed %s", err, dialed)
			}

			// All nodes are dialed at the seed's host, whatever the server announces.
			dialed = nil
			dialer, err = configure(&entragoredis.Options{SeedHost: true})
			if strings.Contains(name, "function") {
				if !errors.As(err, &config) || config.Field != "entragoredis.Options.SeedHost" {
					t.Errorf("no seed: %v, want a *ConfigError for entragoredis.Options.SeedHost", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dialer(t.Context(), "tcp", "evil.example:8501"); err != failure || len(dialed) != 1 || dialed[0] != "contoso.redis.azure.net:8501" { //nolint:errorlint // clients compare the error itself
				t.Errorf("%v, dialed %s", err, dialed)
			}
		})
	}
}

// A Ring's shards are what its user has named, also those that are set later.
func TestRingDialsWhatItsUserNames(t *testing.T) {
	failure := errors.New("no route")
	opt := &redis.RingOptions{Addrs: map[string]string{"a": "contoso.redis.azure.net:10000"}, Dialer: func(context.Context, string, string) (net.Conn, error) {
		return nil, failure
	}}
	if err := entragoredis.ConfigureRing(opt, newSource(t), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := opt.Dialer(t.Context(), "tcp", "other.example:6380"); err != failure { //nolint:errorlint // clients compare the error itself
		t.Errorf("%v", err)
	}
}

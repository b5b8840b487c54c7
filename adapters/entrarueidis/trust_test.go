package entrarueidis_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/rueidis"
)

// A cluster that was taken over sends its clients to a server of the attacker's, which has a certificate for its own name.
func TestTokenDoesNotFollowTheClusterElsewhere(t *testing.T) {
	const seed = "cache.corp.example:6380"
	for name, test := range map[string]struct {
		moved   string // where the seed says that the slot is
		trust   func(string) bool
		reaches bool
	}{
		"another name":             {"evil.example:6380", nil, false},
		"another name, trusted":    {"evil.example:6380", func(host string) bool { return host == "evil.example" }, true},
		"another name, no trust":   {"evil.example:6380", func(string) bool { return false }, false},
		"neighbour in two labels":  {"other.corp.example:6380", nil, false},
		"below the seed":           {"node.cache.corp.example:6380", nil, true},
		"another port of the seed": {"cache.corp.example:6381", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			network := entratest.NewNetwork()
			listener, err := network.Listen(test.moved)
			if err != nil {
				t.Fatal(err)
			}
			node := entratest.NewGateway(listener, nil)
			defer node.Close()
			asked := serveMoved(t, network, seed, test.moved)
			opt := rueidis.ClientOption{
				InitAddress: []string{seed}, AlwaysRESP2: true, DisableCache: true, DisableRetry: true,
				DialCtxFn: func(ctx context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
					return network.DialContext(ctx, "tcp", addr)
				},
			}
			opts := &entrarueidis.Options{AllowPlaintext: true, TrustNode: test.trust}
			if err := entrarueidis.Configure(&opt, newSource(t), opts); err != nil {
				t.Fatal(err)
			}
			client, err := rueidis.NewClient(opt)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err = client.Do(ctx, client.B().Set().Key("key").Value("value").Build()).Error()
			if asked() == 0 {
				t.Fatalf("the seed sent no client away: %v", err)
			}
			if test.reaches {
				if node.Stats().Accepted == 0 {
					t.Errorf("%v, %+v", err, node.Stats())
				}
				return
			}
			config := (*entra.ConfigError)(nil)
			if !errors.As(err, &config) || config.Field != "entrarueidis.Options.TrustNode" {
				t.Errorf("%v, want a *ConfigError for entrarueidis.Options.TrustNode", err)
			}
			if n := node.Stats().Accepted; n > 0 {
				t.Errorf("%d connections were made", n)
			}
		})
	}
}

// Replicas that the program names are its own, and the error of an announced address says what to do.
func TestReplicasAreSeeds(t *testing.T) {
	failure := errors.New("no route")
	opt := rueidis.ClientOption{
		InitAddress: []string{addr}, DialCtxFn: func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) { return nil, failure },
	}
	opt.Standalone.ReplicaAddress = []string{"replica.example:6380"}
	if err := entrarueidis.Configure(&opt, newSource(t), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := opt.DialCtxFn(t.Context(), "replica.example:6380", &net.Dialer{}, nil); err != failure { //nolint:errorlint // clients compare the error itself
		t.Errorf("the replica: %v", err)
	}
	_, err := opt.DialCtxFn(t.Context(), "10.1.2.3:8500", &net.Dialer{}, nil)
	if !errors.Is(err, failure) || !strings.Contains(err.Error(), "entrarueidis.Options.NodeAddress to entraconn.SeedHost") {
		t.Errorf("an announced address: %v", err)
	}
}

func TestSeedHostDialsAllNodesAtTheSeed(t *testing.T) {
	failure := errors.New("no route")
	for name, test := range map[string]struct {
		opts     *entrarueidis.Options
		replicas []string
		field    string // empty if nothing is wrong
		dialed   string
	}{
		"as announced":        {nil, nil, "", "10.1.2.3:8500"},
		"at the seed's host":  {&entrarueidis.Options{SeedHost: true}, nil, "", "cache.test:8500"},
		"with NodeAddress":    {&entrarueidis.Options{SeedHost: true, NodeAddress: strings.ToLower}, nil, "entrarueidis.Options.SeedHost", ""},
		"a replica elsewhere": {&entrarueidis.Options{SeedHost: true}, []string{"replica.example:6380"}, "entrarueidis.Options.SeedHost", ""},
	} {
		dialed := ""
		opt := rueidis.ClientOption{InitAddress: []string{addr}, DialCtxFn: func(_ context.Context, addr string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			dialed = addr
			return nil, failure
		}}
		opt.Standalone.ReplicaAddress = test.replicas
		err := entrarueidis.Configure(&opt, newSource(t), test.opts)
		config := (*entra.ConfigError)(nil)
		if test.field == "" && err != nil || test.field != "" && (!errors.As(err, &config) || config.Field != test.field) {
			t.Errorf("%s: %v, want a *ConfigError for %q", name, err, test.field)
		}
		if test.field != "" {
			continue
		}
		if _, err := opt.DialCtxFn(t.Context(), "10.1.2.3:8500", &net.Dialer{}, nil); !errors.Is(err, failure) || dialed != test.dialed {
			t.Errorf("%s: %v, dialed %s, want %s", name, err, dialed, test.dialed)
		}
	}
}

package adaptertest

import (
	"net"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

// A clusterEnv is the world of one scenario: Entra, several servers, and one Source for the client under test.
type clusterEnv struct {
	*env     // whose gateway is nil
	harness  ClusterHarness
	cluster  *entratest.RedisCluster // nil for a ring
	gateways []*entratest.Gateway    // of all servers
	addrs    []string
	conns    int // that all clients may have to each server
	// replaces says that a client may close connections and dial anew, as it does with a password.
	replaces bool
}

// clusterSeed is the only host that the servers' certificate names.
const clusterSeed = "localhost"

func newClusterEnv(t *testing.T, h ClusterHarness, s clusterScenario, protocol int, watchdog *entratest.Watchdog) *clusterEnv {
	e := &clusterEnv{env: &env{t: t, protocol: protocol, watchdog: watchdog, starved: watchdog.Starved()}, harness: h}
	e.life = realLife
	e.prepare(realTokens(watchdog), hangs)
	server, client, err := entratest.TLSConfigs(clusterSeed)
	if err != nil {
		t.Fatal(err)
	}
	e.cfg = Config{TLS: client, Protocol: protocol, Timeout: hangs}
	if h.Ring {
		for range 2 {
			e.addServer(&entratest.GatewayOptions{STS: e.sts, TLS: server})
		}
	} else {
		e.startCluster(&entratest.RedisClusterOptions{STS: e.sts, TLS: server, Announce: s.announce})
	}
	if s.hasty {
		e.feed(newHasty(e.sts))
	} else {
		e.feed(e.sts.Credential())
	}
	e.keepSecrets()
	return e
}

func (e *clusterEnv) startCluster(opts *entratest.RedisClusterOptions) {
	if opts.Announce == "" {
		opts.Announce = clusterSeed
	}
	cluster, err := entratest.StartRedisCluster(e.ctx, opts)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			e.t.Error(err)
		}
		for _, n := range cluster.Nodes() {
			e.countAuths(n.Gateway)
		}
	})
	e.cluster = cluster
	for _, n := range cluster.Nodes() {
		e.gateways = append(e.gateways, n.Gateway)
	}
	e.addrs = []string{e.at(clusterSeed, 0)}
}

// addServer starts one server of a ring.
func (e *clusterEnv) addServer(opts *entratest.GatewayOptions) {
	redis, err := entratest.StartRedis(e.ctx)
	if err != nil {
		e.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.t.Fatal(err)
	}
	opts.Backend = redis
	gateway := entratest.NewGateway(listener, opts)
	e.t.Cleanup(func() {
		if err := gateway.Close(); err != nil {
			e.t.Error(err)
		}
		if err := redis.Close(); err != nil {
			e.t.Error(err)
		}
		e.countAuths(gateway)
	})
	e.gateways = append(e.gateways, gateway)
	e.addrs = append(e.addrs, e.at(clusterSeed, len(e.gateways)-1))
}

// at returns the address of a server at a host.
func (e *clusterEnv) at(hostname string, server int) string {
	_, port, err := net.SplitHostPort(e.gateways[server].Addr())
	if err != nil {
		e.t.Fatal(err)
	}
	return net.JoinHostPort(hostname, port)
}

// open opens a client that can hold conns connections to each server at once, and subscribes on another one.
func (e *clusterEnv) open(name string, conns int, change ...func(*ClusterConfig)) ClusterClient {
	e.t.Helper()
	cfg := e.config(name, conns)
	for _, c := range change {
		c(&cfg)
	}
	client, err := e.harness.Open(e.ctx, cfg)
	if err != nil {
		e.output.saw(err)
		e.t.Fatalf("open: %v", err)
	}
	e.conns += conns
	e.t.Cleanup(func() {
		e.end()            // a goroutine of a scenario that has failed may be in a call
		_ = client.Close() // some libraries refuse a second Close
	})
	return client
}

func (e *clusterEnv) config(name string, conns int) ClusterConfig {
	cfg := ClusterConfig{Config: e.cfg, Addrs: e.addrs}
	cfg.Name, cfg.Conns, cfg.Addr = name, conns, e.addrs[0]
	return cfg
}

package entrarueidis_test

import (
	"context"
	"net"
	"testing"

	"github.com/entraredis/entraredis/adapters/adaptertest"
	"github.com/entraredis/entraredis/adapters/entrarueidis"
	"github.com/entraredis/entraredis/internal/confirmation"
	"github.com/redis/rueidis"
)

func TestClusterConformance(t *testing.T) {
	t.Parallel() // with TestConformance: both wait more than they work
	adaptertest.RunCluster(t, clusterHarness())
}

func TestDocumentsWhatTheSuiteRunsOnClusters(t *testing.T) {
	adaptertest.CheckClusterMatrix(t, clusterHarness(), "../../docs/adapters.md")
}

func clusterHarness() adaptertest.ClusterHarness {
	return adaptertest.ClusterHarness{Library: "rueidis of a cluster", Protocols: []int{2, 3}, Open: openCluster, Dial: dialCluster}
}

func configureCluster(cfg adaptertest.ClusterConfig) (rueidis.ClientOption, error) {
	opt := rueidis.ClientOption{
		InitAddress: cfg.Addrs, TLSConfig: cfg.TLS, AlwaysRESP2: cfg.Protocol == 2, DisableCache: cfg.Protocol == 2,
		BlockingPoolSize: cfg.Conns,
		Dialer:           net.Dialer{KeepAlive: -1, Timeout: cfg.Timeout}, // no PINGs: what is idle shall be idle
		ConnWriteTimeout: cfg.Timeout,
	}
	if cfg.Replicas {
		opt.SendToReplicas = func(cmd rueidis.Completed) bool { return cmd.IsReadOnly() }
	}
	return opt, entrarueidis.Configure(&opt, cfg.Source, &entrarueidis.Options{Name: cfg.Name, SeedHost: cfg.SeedHost})
}

func openCluster(_ context.Context, cfg adaptertest.ClusterConfig) (adaptertest.ClusterClient, error) {
	opt, err := configureCluster(cfg)
	if err != nil {
		return nil, err
	}
	var confirmations confirmation.Watch
	watch(&opt, &confirmations)
	made, err := rueidis.NewClient(opt)
	if err != nil {
		return nil, err
	}
	return clusterClient{made, &confirmations}, nil
}

func dialCluster(ctx context.Context, cfg adaptertest.ClusterConfig, addr string) (net.Conn, error) {
	opt, err := configureCluster(cfg)
	if err != nil {
		return nil, err
	}
	return opt.DialCtxFn(ctx, addr, &opt.Dialer, opt.TLSConfig)
}

type clusterClient struct {
	rueidis.Client
	confirmations *confirmation.Watch
}

func (c clusterClient) Do(ctx context.Context, args ...string) (any, error) {
	return plain(c.Client.Do(ctx, c.command(args)))
}

// command says which slot a command is for, which rueidis does not read out of its arguments.
func (c clusterClient) command(args []string) rueidis.Completed {
	command := c.B().Arbitrary(args[0]).Keys(args[1]).Args(args[2:]...)
	if args[0] == "GET" {
		return command.ReadOnly()
	}
	return command.Build()
}

func (c clusterClient) Pipeline(ctx context.Context, commands ...[]string) ([]any, error) {
	multi := make([]rueidis.Completed, len(commands))
	for i, command := range commands {
		multi[i] = c.command(command)
	}
	replies := make([]any, len(commands))
	for i, result := range c.DoMulti(ctx, multi...) {
		if err := result.NonRedisError(); err != nil {
			return nil, err
		}
		reply, err := plain(result)
		if replies[i] = reply; err != nil {
			replies[i] = err
		}
	}
	return replies, nil
}

func (c clusterClient) Follow(ctx context.Context, stream string) (any, error) {
	return plain(c.Client.Do(ctx, c.B().Xread().Block(0).Streams().Key(stream).Id("$").Build()))
}

func (c clusterClient) Listen(ctx context.Context, channel string, subscribed func(), fn func(string)) error {
	defer c.confirmations.Expect("ssubscribe", channel, subscribed)()
	return c.Receive(ctx, c.B().Ssubscribe().Channel(channel).Build(), func(m rueidis.PubSubMessage) { fn(m.Message) })
}

func (c clusterClient) Close() error {
	c.Client.Close()
	return nil
}

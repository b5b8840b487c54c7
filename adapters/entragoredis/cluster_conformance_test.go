package entragoredis_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/entraredis/entraredis/adapters/adaptertest"
	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/redis/go-redis/v9"
)

func TestClusterConformance(t *testing.T) {
	t.Parallel() // with TestConformance: both wait more than they work
	adaptertest.RunCluster(t, clusterHarnesses()...)
}

func TestDocumentsWhatTheSuiteRunsOnClusters(t *testing.T) {
	for _, h := range clusterHarnesses() {
		adaptertest.CheckClusterMatrix(t, h, "../../docs/adapters.md")
	}
}

func clusterHarnesses() []adaptertest.ClusterHarness {
	const same = "it is a ClusterClient, made of other options"
	return []adaptertest.ClusterHarness{
		{Library: "go-redis ClusterClient", Protocols: []int{2, 3}, Open: openCluster, Dial: dialCluster},
		{Library: "go-redis UniversalClient of a cluster", Protocols: []int{3}, Open: openUniversal, Dial: dialCluster, Lacks: map[string]string{
			adaptertest.SlotsMigrated: same, adaptertest.AskingKept: same, adaptertest.Failover: same, adaptertest.OneReboots: same, adaptertest.ShardMoves: same,
		}},
		{Library: "go-redis Ring", Protocols: []int{3}, Ring: true, Open: openRing, Dial: dialRing},
	}
}

func clusterOptions(cfg adaptertest.ClusterConfig) *entragoredis.Options {
	return &entragoredis.Options{Name: cfg.Name, SeedHost: cfg.SeedHost}
}

func configureCluster(cfg adaptertest.ClusterConfig) (*redis.ClusterOptions, error) {
	opt := &redis.ClusterOptions{
		Addrs: cfg.Addrs, Protocol: cfg.Protocol, TLSConfig: cfg.TLS, ReadOnly: cfg.Replicas,
		PoolSize: cfg.Conns, ConnMaxIdleTime: -1, ContextTimeoutEnabled: true,
		DialTimeout: cfg.Timeout, ReadTimeout: cfg.Timeout, WriteTimeout: cfg.Timeout, PoolTimeout: cfg.Timeout,
	}
	return opt, entragoredis.ConfigureCluster(opt, cfg.Source, clusterOptions(cfg))
}

func openCluster(_ context.Context, cfg adaptertest.ClusterConfig) (adaptertest.ClusterClient, error) {
	opt, err := configureCluster(cfg)
	if err != nil {
		return nil, err
	}
	return clusterClient{redis.NewClusterClient(opt)}, nil
}

func dialCluster(ctx context.Context, cfg adaptertest.ClusterConfig, addr string) (net.Conn, error) {
	opt, err := configureCluster(cfg)
	if err != nil {
		return nil, err
	}
	return opt.Dialer(ctx, "tcp", addr)
}

func openUniversal(_ context.Context, cfg adaptertest.ClusterConfig) (adaptertest.ClusterClient, error) {
	opt := &redis.UniversalOptions{
		Addrs: cfg.Addrs, IsClusterMode: true, Protocol: cfg.Protocol, TLSConfig: cfg.TLS, ReadOnly: cfg.Replicas,
		PoolSize: cfg.Conns, ConnMaxIdleTime: -1, ContextTimeoutEnabled: true,
		DialTimeout: cfg.Timeout, ReadTimeout: cfg.Timeout, WriteTimeout: cfg.Timeout, PoolTimeout: cfg.Timeout,
	}
	if err := entragoredis.ConfigureUniversal(opt, cfg.Source, clusterOptions(cfg)); err != nil {
		return nil, err
	}
	return clusterClient{redis.NewUniversalClient(opt)}, nil
}

func configureRing(cfg adaptertest.ClusterConfig) (*redis.RingOptions, error) {
	opt := &redis.RingOptions{
		Addrs: map[string]string{}, Protocol: cfg.Protocol, TLSConfig: cfg.TLS,
		PoolSize: cfg.Conns, ConnMaxIdleTime: -1, ContextTimeoutEnabled: true,
		DialTimeout: cfg.Timeout, ReadTimeout: cfg.Timeout, WriteTimeout: cfg.Timeout, PoolTimeout: cfg.Timeout,
	}
	for i, addr := range cfg.Addrs {
		opt.Addrs[fmt.Sprint("shard", i)] = addr
	}
	return opt, entragoredis.ConfigureRing(opt, cfg.Source, clusterOptions(cfg))
}

func openRing(_ context.Context, cfg adaptertest.ClusterConfig) (adaptertest.ClusterClient, error) {
	opt, err := configureRing(cfg)
	if err != nil {
		return nil, err
	}
	return clusterClient{redis.NewRing(opt)}, nil
}

func dialRing(ctx context.Context, cfg adaptertest.ClusterConfig, addr string) (net.Conn, error) {
	opt, err := configureRing(cfg)
	if err != nil {
		return nil, err
	}
	return opt.Dialer(ctx, "tcp", addr)
}

type clusterClient struct{ redis.UniversalClient }

func (c clusterClient) Do(ctx context.Context, args ...string) (any, error) {
	return plain(c.UniversalClient.Do(ctx, arguments(args)...).Result())
}

func (c clusterClient) Pipeline(ctx context.Context, commands ...[]string) ([]any, error) {
	return run(ctx, c.UniversalClient.Pipeline(), commands)
}

func (c clusterClient) Follow(ctx context.Context, stream string) (any, error) {
	streams, err := c.XRead(ctx, &redis.XReadArgs{Streams: []string{stream, "$"}}).Result() // Block: 0 waits without end
	return plain(entries(streams), err)
}

func (c clusterClient) Listen(ctx context.Context, channel string, subscribed func(), fn func(string)) error {
	sub := c.SSubscribe(ctx, channel)
	defer sub.Close()
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })() // Receive waits for ctx's deadline, not for its end
	for {
		switch received, err := sub.Receive(ctx); received := received.(type) {
		case *redis.Message:
			fn(received.Payload)
		case *redis.Subscription:
			if received.Kind == "sunsubscribe" {
				return nil
			}
			subscribed()
		default:
			if err == nil {
				err = errors.New("received nothing")
			}
			return errors.Join(err, ctx.Err())
		}
	}
}

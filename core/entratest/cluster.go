package entratest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os/exec"
	"sync"
)

// RedisClusterOptions say how clients reach a [RedisCluster]. Nil and zero mean the defaults.
type RedisClusterOptions struct {
	// STS vouches for tokens, as in [GatewayOptions].
	STS *STS
	// TLS is the gateways' configuration; nil means no TLS.
	TLS *tls.Config
	// Announce is the host name that the nodes announce to clients: in CLUSTER SLOTS, in CLUSTER
	// SHARDS as the endpoint, in MOVED and ASK. The default is 127.0.0.1, and the gateways always
	// listen there. With a name that is not in the certificate, or an address where no server
	// listens, such as 127.0.0.3, clients need settings of their own to reach the cluster.
	Announce string
}

// A RedisCluster is six redis-server processes, three masters and a replica of each, every one behind a [Gateway]
// of its own. Clients see the gateways' addresses only, except in CLUSTER NODES and in the field ip of CLUSTER
// SHARDS, where Redis shows under which address the nodes know each other.
//
// All nodes take the same tokens, and count and expire by themselves: a client authenticates on each connection to
// each of them.
type RedisCluster struct {
	nodes []*ClusterNode
}

// clusterMasters is the least that Redis calls a cluster.
const clusterMasters = 3

// StartRedisCluster starts the redis-server that is on the PATH, which must be 7.0 or later, six times. It blocks
// until the nodes agree about each other, the replicas are in step and every slot is served, which takes about two
// seconds, or until ctx ends; ctx does not bound the cluster's life. Without a redis-server the error is
// [ErrNoRedisServer].
//
// The gateways listen on 127.0.0.1 and the servers on 127.0.0.2, so it works where all of 127.0.0.0/8 is this
// machine, as on Linux. Any number of clusters may be started at the same time.
func StartRedisCluster(ctx context.Context, opts *RedisClusterOptions) (*RedisCluster, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoRedisServer, err)
	}
	var o RedisClusterOptions
	if opts != nil {
		o = *opts
	}
	if o.STS == nil {
		o.STS = NewSTS(nil)
	}
	if o.Announce == "" {
		o.Announce = "127.0.0.1"
	}
	c := &RedisCluster{nodes: make([]*ClusterNode, 2*clusterMasters)}
	errs := make([]error, len(c.nodes))
	var starts sync.WaitGroup
	for i := range c.nodes {
		starts.Go(func() { c.nodes[i], errs[i] = startClusterNode(ctx, path, o) })
	}
	starts.Wait()
	if err = errors.Join(errs...); err == nil {
		err = c.form(ctx)
	}
	if err != nil {
		_ = c.Close() // the error before says more
		return nil, err
	}
	return c, nil
}

// Nodes returns all nodes, always in the same order. At the start the first three are masters, of the first, second
// and last third of the slots, and the other three replicas, of the master three places before.
func (c *RedisCluster) Nodes() []*ClusterNode { return append([]*ClusterNode(nil), c.nodes...) }

// Close closes the gateways, kills the servers, waits until they are gone, and removes what they left. Calling it
// again does nothing.
func (c *RedisCluster) Close() error {
	errs := make([]error, len(c.nodes))
	var ends sync.WaitGroup
	for i, n := range c.nodes {
		if n != nil {
			ends.Go(func() { errs[i] = n.close() })
		}
	}
	ends.Wait()
	return errors.Join(errs...)
}

// forAll calls fn with every node, all at once, and waits for them.
func (c *RedisCluster) forAll(fn func(i int, n *ClusterNode) error) error {
	errs := make([]error, len(c.nodes))
	var calls sync.WaitGroup
	for i, n := range c.nodes {
		calls.Go(func() { errs[i] = fn(i, n) })
	}
	calls.Wait()
	return errors.Join(errs...)
}

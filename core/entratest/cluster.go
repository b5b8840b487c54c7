package entratest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
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

// slotCount is how many slots a cluster has.
const slotCount = 16384

// meetTimeout is after what time nodes are introduced again. Redis forgets a node that does not answer within the
// cluster-node-timeout, as on a busy machine, and does not try again.
const meetTimeout = 10 * time.Second

// failoverTimeout is after what time Redis gives up a failover that was asked for.
const failoverTimeout = 5 * time.Second

// StartRedisCluster starts the server that [StartRedis] starts, which must be 7.0 or later, six times. It blocks
// until the nodes agree about each other, the replicas are in step and every slot is served, which takes about two
// seconds, or until ctx ends; ctx does not bound the cluster's life. Without a redis-server the error is
// [ErrNoRedisServer].
//
// The gateways listen on 127.0.0.1 and the servers on 127.0.0.2, so it works where all of 127.0.0.0/8 is this
// machine, as on Linux. Any number of clusters may be started at the same time.
func StartRedisCluster(ctx context.Context, opts *RedisClusterOptions) (*RedisCluster, error) {
	path, err := redisProgram()
	if err != nil {
		return nil, err
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

// form makes a cluster of nodes that do not know each other.
func (c *RedisCluster) form(ctx context.Context) error {
	err := c.forAll(func(i int, n *ClusterNode) error {
		if i >= clusterMasters {
			return nil
		}
		// Masters of the same epoch would have to find out who is first.
		if err := n.ok(ctx, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1)); err != nil {
			return err
		}
		first, next := slotCount*i/clusterMasters, slotCount*(i+1)/clusterMasters
		return n.ok(ctx, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(next-1))
	})
	if err != nil {
		return err
	}
	if err := c.meet(ctx); err != nil {
		return err
	}
	served := func(n *ClusterNode) error {
		return await(ctx, "all slots are served", func() (bool, error) { return n.complete(ctx) })
	}
	err = c.forAll(func(i int, n *ClusterNode) error {
		if i >= clusterMasters {
			if err := n.ok(ctx, "CLUSTER", "REPLICATE", c.nodes[i-clusterMasters].id); err != nil {
				return err
			}
		}
		if err := served(n); err != nil {
			return err
		}
		// Redis's default. From now on a node that a busy machine holds up does not count as failed.
		return n.ok(ctx, "CONFIG", "SET", "cluster-node-timeout", "15000")
	})
	if err != nil {
		return err
	}
	// The last to get it may have taken another node for failed meanwhile.
	return c.forAll(func(_ int, n *ClusterNode) error { return served(n) })
}

// meet introduces the nodes to each other, and waits until all know all.
func (c *RedisCluster) meet(ctx context.Context) error {
	for {
		for _, n := range c.nodes[1:] {
			if err := c.nodes[0].ok(ctx, "CLUSTER", "MEET", serverHost, n.port, n.busPort); err != nil {
				return err
			}
		}
		attempt, cancel := context.WithTimeout(ctx, meetTimeout)
		err := c.agree(attempt, "all nodes know each other", func(v view) bool {
			named := 0
			for _, m := range v {
				if m.named && !m.is("handshake") {
					named++
				}
			}
			return named == len(c.nodes)
		})
		late := attempt.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || !late {
			return err
		}
	}
}

// Nodes returns all nodes, always in the same order. At the start the first three are masters, of the first, second
// and last third of the slots, and the other three replicas, of the master three places before.
func (c *RedisCluster) Nodes() []*ClusterNode { return append([]*ClusterNode(nil), c.nodes...) }

// Owner returns the master that serves a slot.
func (c *RedisCluster) Owner(ctx context.Context, slot int) (*ClusterNode, error) {
	v, err := c.nodes[0].view(ctx)
	if err != nil {
		return nil, err
	}
	for id, m := range v {
		if m.is("master") && m.serves(slot) {
			return c.node(id), nil
		}
	}
	return nil, fmt.Errorf("entratest: cluster: no node serves slot %d", slot)
}

// Replica returns the replica of a master, or an error if it has none because it is one.
func (c *RedisCluster) Replica(ctx context.Context, master *ClusterNode) (*ClusterNode, error) {
	for _, n := range c.nodes {
		v, err := n.view(ctx) // about itself: after a failover the other nodes learn of it late
		if err != nil {
			return nil, err
		}
		if v[n.id].master == master.id {
			return n, nil
		}
	}
	return nil, fmt.Errorf("entratest: cluster: node %s has no replica", master.port)
}

// Failover makes a replica the master, and its master the replica, in the orderly way of CLUSTER FAILOVER: nothing
// is lost, no connection is closed, and clients that write to the former master are sent on by MOVED. It blocks
// until every node knows the new master and that the former one is a replica, or ctx ends.
//
// Until then clients get an error for CLUSTER SHARDS. Redis 8.0 may take the two for replicas of each other in between
// (redis#13018), and then looks for the master without an end.
func (c *RedisCluster) Failover(ctx context.Context, replica *ClusterNode) error {
	v, err := replica.view(ctx)
	if err != nil {
		return err
	}
	former := c.node(v[replica.id].master)
	if former == nil {
		return fmt.Errorf("entratest: cluster: node %s is no replica", replica.port)
	}
	for _, n := range c.nodes {
		defer n.Gateway.Inject(WireFault{RefuseShards: "TRYAGAIN the nodes do not agree yet on their masters"}).Remove()
	}
	for done := false; !done; {
		if err := replica.ok(ctx, "CLUSTER", "FAILOVER"); err != nil {
			return err
		}
		// On a busy machine the failover may not finish in time, and is requested again.
		attempt, cancel := context.WithTimeout(ctx, failoverTimeout)
		err = await(attempt, "the replica is the master", func() (bool, error) {
			v, err := replica.view(ctx)
			done = err == nil && v[replica.id].is("master")
			return done, err
		})
		cancel()
		if err != nil && (attempt.Err() == nil || ctx.Err() != nil) {
			return err
		}
	}
	// The other nodes may learn seconds later that the former master is a replica now.
	return c.forAll(func(_ int, n *ClusterNode) error {
		return await(ctx, "all nodes know the new master", func() (bool, error) {
			v, err := n.view(ctx)
			return err == nil && len(v[replica.id].slots) > 0 && v[former.id].master == replica.id, err
		})
	})
}

// MigrateSlot begins to migrate a slot to another master. It moves no key: that is up to Move and Finish.
func (c *RedisCluster) MigrateSlot(ctx context.Context, slot int, to *ClusterNode) (*SlotMigration, error) {
	from, err := c.Owner(ctx, slot)
	if err != nil {
		return nil, err
	}
	if from == to {
		return nil, fmt.Errorf("entratest: cluster: slot %d is on node %s already", slot, to.port)
	}
	m := &SlotMigration{cluster: c, slot: slot, from: from, to: to}
	// The importing node must learn it first: it would send a redirected client back.
	if err := to.ok(ctx, "CLUSTER", "SETSLOT", strconv.Itoa(slot), "IMPORTING", from.id); err != nil {
		return nil, err
	}
	return m, from.ok(ctx, "CLUSTER", "SETSLOT", strconv.Itoa(slot), "MIGRATING", to.id)
}

// Redirections returns how often clients were sent to another node so far, by MOVED and by ASK. A test of
// redirections that sees none proves nothing.
func (c *RedisCluster) Redirections(ctx context.Context) (moved, ask int, err error) {
	for _, n := range c.nodes {
		info, err := n.text(ctx, "INFO", "errorstats")
		if err != nil {
			return 0, 0, err
		}
		for line := range strings.Lines(info) {
			kind, count, _ := strings.Cut(strings.TrimSpace(line), ":count=")
			var times *int
			switch kind {
			case "errorstat_MOVED":
				times = &moved
			case "errorstat_ASK":
				times = &ask
			default:
				continue
			}
			here := 0
			if _, err := fmt.Sscan(count, &here); err != nil {
				return 0, 0, n.wrap(fmt.Errorf("INFO errorstats: %q: %w", line, err))
			}
			*times += here
		}
	}
	return moved, ask, nil
}

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

// agree waits until every node sees the cluster as want asks for.
func (c *RedisCluster) agree(ctx context.Context, what string, want func(view) bool) error {
	return c.forAll(func(_ int, n *ClusterNode) error {
		return await(ctx, what, func() (bool, error) {
			v, err := n.view(ctx)
			return err == nil && want(v), err
		})
	})
}

func (c *RedisCluster) node(id string) *ClusterNode {
	i := slices.IndexFunc(c.nodes, func(n *ClusterNode) bool { return n.id == id })
	if i < 0 {
		return nil
	}
	return c.nodes[i]
}

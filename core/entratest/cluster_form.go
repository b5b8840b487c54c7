package entratest

import (
	"context"
	"strconv"
	"strings"
)

// slotCount is how many slots a cluster has.
const slotCount = 16384

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
	for _, n := range c.nodes[1:] {
		if err := c.nodes[0].ok(ctx, "CLUSTER", "MEET", serverHost, n.port, n.busPort); err != nil {
			return err
		}
	}
	err = c.agree(ctx, "all nodes know each other", func(v view) bool {
		named := 0
		for _, m := range v {
			if m.named && !m.is("handshake") {
				named++
			}
		}
		return named == len(c.nodes)
	})
	if err != nil {
		return err
	}
	return c.forAll(func(i int, n *ClusterNode) error {
		if i >= clusterMasters {
			if err := n.ok(ctx, "CLUSTER", "REPLICATE", c.nodes[i-clusterMasters].id); err != nil {
				return err
			}
		}
		if err := await(ctx, "all slots are served", func() (bool, error) { return n.complete(ctx) }); err != nil {
			return err
		}
		// Redis's default. From now on a node that a busy machine holds up does not count as failed.
		return n.ok(ctx, "CONFIG", "SET", "cluster-node-timeout", "15000")
	})
}

// complete reports whether a node serves commands, and tells its clients of all nodes.
func (n *ClusterNode) complete(ctx context.Context) (bool, error) {
	info, err := n.text(ctx, "CLUSTER", "INFO")
	if err != nil || !strings.Contains(info, "cluster_state:ok") {
		return false, err
	}
	ranges, err := n.list(ctx, "CLUSTER", "SLOTS")
	if err != nil {
		return false, err
	}
	nodes := 0
	for _, r := range ranges {
		fields, _ := r.([]any)
		nodes += max(0, len(fields)-2) // first and last slot, then the nodes
	}
	return nodes == 2*clusterMasters, n.wrap(err)
}

package entratest

import (
	"context"
	"fmt"
	"time"
)

// failoverTimeout is after what time Redis gives up a failover that was asked for.
const failoverTimeout = 5 * time.Second

// Failover makes a replica the master, and its master the replica, in the orderly way of CLUSTER FAILOVER: nothing
// is lost, no connection is closed, and clients that write to the former master are sent on by MOVED. It blocks
// until every node knows the new master, or ctx ends.
func (c *RedisCluster) Failover(ctx context.Context, replica *ClusterNode) error {
	v, err := replica.view(ctx)
	if err != nil {
		return err
	}
	former := c.node(v[replica.id].master)
	if former == nil {
		return fmt.Errorf("entratest: cluster: node %s is no replica", replica.port)
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
	// The other nodes may learn seconds later that the former master is a replica now. It knows at
	// once.
	return c.forAll(func(_ int, n *ClusterNode) error {
		return await(ctx, "all nodes know the new master", func() (bool, error) {
			v, err := n.view(ctx)
			return err == nil && len(v[replica.id].slots) > 0 && (n != former || v[n.id].master == replica.id), err
		})
	})
}

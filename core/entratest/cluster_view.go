package entratest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A view is what one node knows of the cluster: of each node, by id.
type view map[string]member

// A member is a node as another one sees it.
type member struct {
	named  bool     // its host name is known
	flags  []string // "master", "slave", "handshake", "fail?" and others
	master string   // id, of a replica
	slots  [][2]int
}

func (m member) is(flag string) bool { return slices.Contains(m.flags, flag) }

func (m member) serves(slot int) bool {
	return slices.ContainsFunc(m.slots, func(r [2]int) bool { return r[0] <= slot && slot <= r[1] })
}

func (n *ClusterNode) view(ctx context.Context) (view, error) {
	text, err := n.text(ctx, "CLUSTER", "NODES")
	if err != nil {
		return nil, err
	}
	v, err := parseView(text)
	return v, n.wrap(err)
}

// parseView reads the answer to CLUSTER NODES:
//
//	<id> <ip>:<port>@<bus port>,<host name> <flags> <master's id or -> <ping> <pong> <epoch> <link> <slots>…
func parseView(text string) (view, error) {
	v := view{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			return nil, fmt.Errorf("CLUSTER NODES: no node in %q", line)
		}
		_, name, _ := strings.Cut(fields[1], ",")
		m := member{named: name != "", flags: strings.Split(fields[2], ","), master: fields[3]}
		for _, slots := range fields[8:] {
			if strings.HasPrefix(slots, "[") {
				continue // on its way to or from another node
			}
			first, last, isRange := strings.Cut(slots, "-")
			if !isRange {
				last = first
			}
			from, err := strconv.Atoi(first)
			if err != nil {
				return nil, fmt.Errorf("CLUSTER NODES: %w", err)
			}
			to, err := strconv.Atoi(last)
			if err != nil {
				return nil, fmt.Errorf("CLUSTER NODES: %w", err)
			}
			m.slots = append(m.slots, [2]int{from, to})
		}
		v[fields[0]] = m
	}
	return v, nil
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

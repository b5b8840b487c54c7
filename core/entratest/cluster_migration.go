package entratest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// A SlotMigration is a slot on its way from one master to another. While it is, clients that ask the one for keys
// that are not there, or not any more, are sent to the other by ASK.
type SlotMigration struct {
	cluster  *RedisCluster
	slot     int
	from, to *ClusterNode
}

// Move moves up to n keys, at least 1, and returns how many there were to move. Keys that clients make meanwhile are
// made where the slot goes.
func (m *SlotMigration) Move(ctx context.Context, n int) (int, error) {
	keys, err := m.from.list(ctx, "CLUSTER", "GETKEYSINSLOT", strconv.Itoa(m.slot), strconv.Itoa(n))
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	const within = "5000" // ms
	command := []string{"MIGRATE", serverHost, m.to.port, "", "0", within, "KEYS"}
	for _, key := range keys {
		name, ok := key.(string)
		if !ok {
			return 0, m.from.wrap(fmt.Errorf("GETKEYSINSLOT gave a %T", key))
		}
		command = append(command, name)
	}
	return len(keys), m.from.ok(ctx, command...)
}

// Finish moves the keys that are left, and then the slot. It blocks until every node knows that, or ctx ends.
func (m *SlotMigration) Finish(ctx context.Context) error {
	for {
		n, err := m.Move(ctx, 100)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	// The new owner learns it first, so that the slot always has an owner. The old one then
	// redirects clients there. A replica learns it from its master.
	v, err := m.from.view(ctx)
	if err != nil {
		return err
	}
	nodes := []*ClusterNode{m.to, m.from}
	for id, member := range v {
		if n := m.cluster.node(id); member.is("master") && n != m.to && n != m.from {
			nodes = append(nodes, n)
		}
	}
	for _, n := range nodes {
		err = errors.Join(err, n.ok(ctx, "CLUSTER", "SETSLOT", strconv.Itoa(m.slot), "NODE", m.to.id))
	}
	if err != nil {
		return err
	}
	return m.cluster.agree(ctx, "all nodes know the owner of a migrated slot", func(v view) bool {
		return v[m.to.id].serves(m.slot)
	})
}

package adaptertest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// addressesNotNamed catches a library that verifies nodes by the addresses that the cluster announces. Azure's
// certificates name the host of the cache only.
func addressesNotNamed(e *clusterEnv) {
	e.usesAllNodes(e.open("by address", 2))
	var unnamed *tls.CertificateVerificationError
	if err := e.dialAnnounced("127.0.0.1"); !errors.As(err, &unnamed) {
		e.t.Errorf("an announced address can be verified: %v", err)
	}
}

// addressesNotReached catches a library that can dial only the announced addresses. Azure Managed
// Redis announces private addresses, which cannot be reached from outside their network.
func addressesNotReached(e *clusterEnv) {
	var refused *net.OpError
	if err := e.dialAnnounced("127.0.0.3"); !errors.As(err, &refused) || refused.Op != "dial" {
		e.t.Errorf("an announced address can be reached: %v", err)
	}
	e.usesAllNodes(e.open("by seed", 2, func(cfg *ClusterConfig) { cfg.SeedHost = true }))
}

// dialAnnounced dials a node as it is announced.
func (e *clusterEnv) dialAnnounced(hostname string) error {
	ctx, cancel := context.WithTimeout(e.ctx, hangs)
	defer cancel()
	conn, err := (&tls.Dialer{Config: e.cfg.TLS}).DialContext(ctx, "tcp", e.at(hostname, 1))
	if err == nil {
		_ = conn.Close()
	}
	return err
}

// usesAllNodes works across rotations, on all masters.
func (e *clusterEnv) usesAllNodes(client ClusterClient) {
	counts := increments{e, client, "key", 50}
	var before standing
	e.during(func() {
		e.eventually("all masters dialed", func(context.Context) error {
			for _, n := range e.cluster.Nodes()[:3] {
				if n.Gateway.Stats().Accepted == 0 {
					return fmt.Errorf("not %s", n.Gateway.Addr())
				}
			}
			return nil
		})
		before = e.acrossRotations()
	}, 2, clusterInterval, counts.add)
	e.unnoticedSince(before)
}

package entratest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// A ClusterNode is one node of a [RedisCluster].
type ClusterNode struct {
	// Gateway is what clients meet of the node. Its DropAll is what they see of a reboot. It belongs to the
	// cluster, which closes it.
	Gateway *Gateway

	id      string // in the cluster
	port    string // of the gateway and, on another address, of the server
	busPort string
	server  *RedisServer
	admin   *redisUpstream
	ports   []net.Listener // keep the ports of the server from other clusters

	closing sync.Once
	closed  error
}

// serverHost is where the servers of clusters listen. Clients see a node's host name and its port, nodes see its IP
// address and the same port: so the gateway has the port on one address and the server has it on another.
const serverHost, gatewayHost = "127.0.0.2", "127.0.0.1"

func startClusterNode(ctx context.Context, path string, o RedisClusterOptions) (*ClusterNode, error) {
	for attempt := 1; ; attempt++ {
		n, err := tryClusterNode(ctx, path, o)
		if err == nil || attempt == 5 || ctx.Err() != nil {
			return n, err
		}
	}
}

// tryClusterNode fails if another process has a port on serverHost that is free on gatewayHost.
func tryClusterNode(ctx context.Context, path string, o RedisClusterOptions) (*ClusterNode, error) {
	n := &ClusterNode{}
	err := n.start(ctx, path, o)
	if err != nil {
		_ = n.close() // the error before says more
		return nil, err
	}
	return n, nil
}

func (n *ClusterNode) start(ctx context.Context, path string, o RedisClusterOptions) error {
	clients, err := n.reserve(&n.port)
	if err != nil {
		return err
	}
	if _, err := n.reserve(&n.busPort); err != nil {
		return err
	}
	n.server, err = startRedis(ctx, path, serverHost, n.port, []string{
		"--cluster-enabled", "yes",
		"--cluster-port", n.busPort, // else that is the port + 10000, which may be more than there are
		"--cluster-announce-ip", serverHost,
		"--cluster-announce-hostname", o.Announce,
		"--cluster-preferred-endpoint-type", "hostname",
		"--cluster-node-timeout", "1000", // half of it is how long news take at most; longer once the cluster is formed
		"--cluster-replica-no-failover", "yes", // unless it is asked for: on a busy machine nodes seem to fail
		"--cluster-allow-replica-migration", "no",
		"--repl-diskless-sync-delay", "0",
		"--repl-ping-replica-period", "1", // a replica that has heard nothing of its master yet is not shown
	})
	if err != nil {
		return err
	}
	up, err := n.server.attach(ctx)
	if err != nil {
		return err
	}
	n.admin = up.(*redisUpstream)
	if n.id, err = n.text(ctx, "CLUSTER", "MYID"); err != nil {
		return err
	}
	n.Gateway = NewGateway(clients, &GatewayOptions{STS: o.STS, Backend: n.server, TLS: o.TLS})
	return nil
}

// reserve takes a port on gatewayHost. As every cluster does so, the one on serverHost is taken by no other.
func (n *ClusterNode) reserve(port *string) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(gatewayHost, "0"))
	if err != nil {
		return nil, fmt.Errorf("entratest: looking for a free port: %w", err)
	}
	n.ports = append(n.ports, l)
	_, *port, _ = net.SplitHostPort(l.Addr().String())
	return l, nil
}

func (n *ClusterNode) close() error {
	n.closing.Do(func() {
		var errs []error
		if n.Gateway != nil {
			errs = append(errs, n.Gateway.Close())
		}
		if n.admin != nil {
			_ = n.admin.close() // the server is being killed, so its error does not matter
		}
		if n.server != nil {
			errs = append(errs, n.server.Close())
		}
		for _, l := range n.ports {
			_ = l.Close() // the gateway's is closed already
		}
		n.closed = errors.Join(errs...)
	})
	return n.closed
}

package entratest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2/proto"
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

func (n *ClusterNode) view(ctx context.Context) (view, error) {
	text, err := n.text(ctx, "CLUSTER", "NODES")
	if err != nil {
		return nil, err
	}
	v, err := parseView(text)
	return v, n.wrap(err)
}

// ok runs a command on the server itself and returns only whether it succeeded.
func (n *ClusterNode) ok(ctx context.Context, args ...string) error {
	_, err := n.admin.do(ctx, args...)
	return n.wrap(err)
}

// text runs a command that gives one string.
func (n *ClusterNode) text(ctx context.Context, args ...string) (string, error) {
	reply, err := n.admin.do(ctx, args...)
	if err != nil {
		return "", n.wrap(err)
	}
	text, err := proto.ReadString(reply)
	return text, n.wrap(err)
}

// list runs a command that gives an array.
func (n *ClusterNode) list(ctx context.Context, args ...string) ([]any, error) {
	reply, err := n.admin.do(ctx, args...)
	if err != nil {
		return nil, n.wrap(err)
	}
	parsed, err := proto.Parse(reply)
	if err != nil {
		return nil, n.wrap(err)
	}
	all, ok := parsed.([]any)
	if !ok {
		return nil, n.wrap(fmt.Errorf("%s gave a %T, no array", strings.Join(args, " "), parsed))
	}
	return all, nil
}

func (n *ClusterNode) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("entratest: cluster node %s: %w", n.port, err)
}

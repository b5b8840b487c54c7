package otelentra

import (
	"sync"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/internal/census"
)

// A registry knows the pools of a Source, and their servers.
type registry struct {
	config *config

	mu      sync.Mutex
	servers map[serverKey]*server
	pools   map[poolKey]*pool
}

// A serverKey identifies a server as the census does. Clients that share library and name also share a server.
type serverKey struct{ library, name, serverAddr string }

// A poolKey identifies a pool.
type poolKey struct{ library, name, addr string }

// The nodes of a cluster come back under new addresses after each failover, and a program may make clients with new
// names. To forget all of them once in a thousand costs their attributes being made again, and of pools also that their
// counters begin at 0 again.
const (
	maxServers = 1024
	maxPools   = 1024
)

func newRegistry(c *config) *registry {
	return &registry{config: c, servers: make(map[serverKey]*server), pools: make(map[poolKey]*pool)}
}

func (r *registry) ofConn(c entra.ConnInfo) *server {
	return r.server(serverKey{c.Library, c.Pool, c.ServerAddr}, c.PoolAddr)
}

func (r *registry) ofCensus(p census.Pool) *server {
	return r.server(serverKey{p.Library, p.Name, p.ServerAddr}, p.PoolAddr)
}

// server returns what is known of a server, and knows it from the first call on. Without a poolAddr the server is a
// pool by itself.
func (r *registry) server(k serverKey, poolAddr string) *server {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.servers[k]; s != nil {
		return s
	}
	if poolAddr == "" {
		poolAddr = k.serverAddr
	}
	if len(r.servers) >= maxServers {
		clear(r.servers)
	}
	labels := poolLabels{library: k.library, name: k.name, addr: poolAddr}
	if labels.name == "" {
		labels.name = poolAddr // the conventions require a name, and name this one
	}
	s := &server{
		addr:     k.serverAddr,
		spans:    append(r.config.poolSpanAttributes(labels), keyServer.String(k.serverAddr)),
		authName: spanAuth + " " + poolAddr,
		budget:   r.config.spans.cap(),
	}
	if r.config.perServer {
		labels.addr = k.serverAddr
	}
	s.pool = r.poolLocked(poolKey{k.library, k.name, labels.addr}, labels)
	r.servers[k] = s
	return s
}

func (r *registry) poolLocked(k poolKey, labels poolLabels) *pool {
	if p := r.pools[k]; p != nil {
		return p
	}
	if len(r.pools) >= maxPools {
		clear(r.pools)
		clear(r.servers)
	}
	p := newPool(r.config.poolAttributes(labels))
	r.pools[k] = p
	return p
}

package adaptertest

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
)

// A ClusterHarness tells the suite how to open and use a library's client for several servers.
type ClusterHarness struct {
	Library   string // and which of its clients
	Protocols []int  // as in Harness
	// Open configures and opens a client. It may connect, and then fails if it cannot.
	Open func(ctx context.Context, cfg ClusterConfig) (ClusterClient, error)
	// Dial opens one connection to a server, as the library gets it from the adapter.
	Dial func(ctx context.Context, cfg ClusterConfig, addr string) (net.Conn, error)
	// Ring says that the client knows of no cluster, and spreads keys over servers that know nothing of each
	// other. It gets two.
	Ring bool
	// Lacks names scenarios that the client cannot run, with the reason, which stands in the feature matrix.
	Lacks map[string]string
	// None is why the library has no such client, if it has none, for the feature matrix.
	None string
}

// A ClusterConfig is what a client is to be opened with. Of the Config, TLS is set and Dial is not; Conns holds for
// each server.
type ClusterConfig struct {
	Config
	// Addrs are the servers of a ring. For a cluster it is one, the seed, and the same as Addr.
	Addrs []string
	// Replicas has reads answered by replicas.
	Replicas bool
	// SeedHost has every node dialed at the host of Addr, with SeedHost or entraconn.SeedHost as the adapter's
	// Options.NodeAddress.
	SeedHost bool
}

// A ClusterClient is what a program has of it. All methods are called concurrently. Replies are as in Client.
type ClusterClient interface {
	// Do's commands have their only key, or the shard channel, as their first argument. GET is the one that a
	// replica may answer.
	Do(ctx context.Context, args ...string) (any, error)
	// Pipeline sends commands of any keys at once and returns as many replies, errors of single ones among them.
	Pipeline(ctx context.Context, commands ...[]string) ([]any, error)
	// Follow sends XREAD from "$" without a timeout, with the library's own command for it, and returns the reply.
	Follow(ctx context.Context, stream string) (any, error)
	// Listen subscribes a shard channel, calls subscribed, and then fn with every message, in order. It returns nil
	// when the server has ended the subscription, because it has the channel's slot no more, and an error if
	// anything else ended it, among that the end of ctx.
	Listen(ctx context.Context, channel string, subscribed func(), fn func(message string)) error
	// Close closes the client, as a program does when it ends.
	Close() error
}

// A clusterScenario is one thing that happens to a program. Its name says what.
type clusterScenario struct {
	name string
	run  func(*clusterEnv)
	// needsCluster is set if it has no meaning for a ring.
	needsCluster bool
	// announce is the host of all nodes, as they announce themselves. The default is the seed's.
	announce string
	// hasty has every connection renewed several times a second.
	hasty bool
}

// Names of scenarios that a harness may lack.
const (
	SlotsMigrated = "slots migrated while every connection is renewed all the time"
	AskingKept    = "ASKING and its command written apart"
	Failover      = "failover during a rotation"
	OneReboots    = "one server reboots"
	ShardMoves    = "sharded Pub/Sub whose slot moves away"
)

func clusterScenarios() []clusterScenario {
	return []clusterScenario{
		{name: "all slots in use across 2 rotations", run: allSlots},
		{name: SlotsMigrated, run: slotsMigrated, needsCluster: true, hasty: true},
		{name: AskingKept, run: askingKept, needsCluster: true, hasty: true},
		{name: Failover, run: failover, needsCluster: true},
		{name: OneReboots, run: oneReboots},
		{name: ShardMoves, run: shardedPubSub, needsCluster: true},
		{name: "streams followed from their ends", run: streamOfCluster},
		{name: "nodes announced by addresses that the certificate does not name", run: addressesNotNamed, needsCluster: true, announce: "127.0.0.1"},
		{name: "nodes announced by addresses that cannot be reached", run: addressesNotReached, needsCluster: true, announce: "127.0.0.3"},
	}
}

// skip returns why h cannot run s, or "".
func (s clusterScenario) skip(h ClusterHarness) string {
	if reason, ok := h.Lacks[s.name]; ok {
		return reason
	}
	if h.Ring && s.needsCluster {
		return "a ring's servers know nothing of each other"
	}
	return ""
}

// RunCluster runs the scenarios of several servers with all clients of a library, under real time: nothing but
// redis-server makes a cluster.
func RunCluster(t *testing.T, harnesses ...ClusterHarness) {
	if testing.Short() {
		t.Skip("clusters run in real time only, which takes minutes: not with -short")
	}
	watchdog, dialect := startWatchdog(t)
	if !dialect.Knows(clusters) {
		t.Skip(lackWithout(clusters))
	}
	pace := newPace(clustersAtOnce, watchdog)
	var under sync.WaitGroup
	for _, s := range clusterScenarios() {
		for _, h := range harnesses {
			for _, protocol := range h.Protocols {
				pace.begin()
				under.Go(func() {
					defer pace.end()
					t.Run(fmt.Sprintf("%s, RESP%d, %s", h.Library, protocol, s.name), func(t *testing.T) {
						if reason := s.skip(h); reason != "" {
							t.Skip(reason)
						}
						s.run(newClusterEnv(t, h, s, protocol, watchdog))
					})
				})
			}
		}
	}
	under.Wait()
}

// clustersAtOnce is how many scenarios run at the same time, at most. Each has six servers, which need most of their time at
// the start.
const clustersAtOnce = 20

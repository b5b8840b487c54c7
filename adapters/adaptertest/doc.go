// Package adaptertest is the conformance suite of the adapters. It tests what a client must survive
// without its program noticing, and which errors the program must get where that is impossible. An
// adapter for another client on [entraconn.Dialer] can run it too. It is for authors of adapters, and
// comes without a promise of compatibility: any version may change it.
//
//	func TestConformance(t *testing.T) { adaptertest.Run(t, harness) }
//
// A [Harness] says how to open the client; the suite brings Redis, Microsoft Entra, the network and
// their faults (package entratest). Each scenario runs for each protocol version that the client
// speaks, and twice:
//
//   - under virtual time, inside [testing/synctest], with tokens that live 75 minutes, against
//     miniredis over an in-memory network. What is left running after Close fails the scenario, so
//     clients must not leak;
//   - under real time, with tokens that are renewed after two seconds, against a redis-server over
//     TLS. Here the commands run all the time, so renewals meet them. Without redis-server on the
//     PATH it is skipped. Over an older protocol of the client than its newest it runs what depends
//     on the protocol, and all with -adaptertest.protocols.
//
// Under virtual time it runs in every dialect of package entratest: in Redis 7 all scenarios, in the
// others those in which a dialect can matter, and all with -adaptertest.dialects. [Dialects] says
// what a dialect lacks. With -short it runs in Redis 7 only.
//
// [RunCluster] does the same for clients of several servers, with a [ClusterHarness], against a
// Redis cluster of three masters and three replicas, each behind a gateway, under real time only.
//
// The judge is the server's side: the gateway counts the connections, checks every token, and
// closes a connection when the token that it last authenticated with expires. What the library
// reports about itself decides nothing. After every scenario the logs, the observer's reports and
// the errors are searched for the tokens.
//
// The comment on each scenario says which broken library it catches.
//
// This package makes no promise of compatibility, before version 1.0 or after it. A minor version may change the [Harness]
// and add scenarios that an adapter of yours fails.
package adaptertest

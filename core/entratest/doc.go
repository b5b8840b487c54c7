// Package entratest runs Microsoft Entra and an Azure-like Redis inside a test: for this project's own tests, and
// for those of programs that use it. It belongs in tests, examples and benchmarks only. It comes without a promise
// of compatibility: any version may change it.
//
//	sts := entratest.NewSTS(nil)                                      // Entra
//	cred, err := sts.ClientSecretCredential()                         // azidentity's own, wired to it
//	network := entratest.NewNetwork()
//	l, err := network.Listen("redis.test:6380")
//	gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
//	defer gateway.Close()
//	// give a Redis client network.DialContext, and gateway.Addr() as the server
//
// # The parts
//
// An [STS] gives tokens that look like Entra's to any azidentity credential that speaks HTTP: client secret,
// certificate and assertion, workload identity, managed identity on VMs, App Service and Azure Arc,
// DefaultAzureCredential.
// [STS.Credential] gives tokens that live for milliseconds.
//
// A [Gateway] takes such a token as a password, as Azure does, and closes each connection when the token that last
// authenticated it expires. Behind it a [Backend] runs the commands: [NewMiniredis] in memory, [StartRedis] a
// redis-server process, [RedisAt] a server that is there already.
//
// [StartRedisCluster] runs a Redis cluster of three masters and three replicas, each behind a gateway, whose slots
// migrate and whose masters fail over when the test says so.
//
// A [Dialect] has the gateway speak as another server does: Redis 6, Azure Cache for Redis, Azure Managed Redis, a proxy
// that stays in RESP2, a server without passwords. Their answers to AUTH, HELLO and unknown commands differ.
//
// A [Network] joins them without sockets. [TLSConfigs] makes certificates.
//
// # Faults
//
// Trouble is declared: [STS.Inject] with a [Fault], [Gateway.Inject] with a [WireFault], which may strike a part of the
// connections only, [Network.Inject] with a [NetworkFault]. Each returns a [FaultHandle], which counts hits, waits for the
// first, and ends the fault. [Gateway.DropAll] resets all connections at once, [STS.SetClock] sets the servers' clocks.
//
//	h := sts.Inject(entratest.Fault{Status: 429, RetryAfter: "30", Count: 3})
//	defer h.Remove()
//
// # Time
//
// Everything but redis-server works inside a bubble of testing/synctest, where a token's 75 minutes pass in no
// time, if it is made there. After Gateway.Close, and after clients and listeners are closed, no goroutine
// remains. Four things to know there, none of them this package's to change:
//
//   - azidentity keeps managed identities' tokens in one cache per process, whatever the transport, and every
//     bubble begins in the same second of the year 2000. Give each test a client id of its own.
//   - azidentity holds a mutex while it waits for an answer, and synctest takes a goroutine that waits for a
//     mutex to be busy. With a fault that delays or hangs, call one credential's GetToken from one goroutine.
//   - go-redis looks up the server's name when it is made, unless maintenance notifications are disabled, and
//     the resolver's sockets do not belong in a bubble. Listen on an IP address there: "10.0.0.4:6380".
//   - A redis-server's answers come from outside the bubble. Test against it in real time, with short tokens.
//
// All types are safe for concurrent use.
//
// # Compatibility
//
// This package makes no promise of compatibility, before version 1.0 or after it: a minor version may change it, because it
// follows the servers that it imitates. A version's changes are in CHANGELOG.md.
package entratest

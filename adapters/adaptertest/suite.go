package adaptertest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/entraredis/entraredis/core/entratest"
)

// A scenario is one thing that happens to a program. Its name says what.
type scenario struct {
	name string
	run  func(*env)
	// needs3 is why the scenario cannot run over RESP2, if it cannot.
	needs3 string
	// needs2 is why it cannot run over RESP3.
	needs2 string
	// needs is the command without which it cannot run, see capability.
	needs string
	// real is why it cannot run under virtual time.
	real string
	// virtual is why it cannot run under real time.
	virtual string
	// cold is set if the scenario itself waits for the first token.
	cold bool
	// long gives tokens their usual life under real time too, because the scenario does not wait
	// for their expiry.
	long bool
	// short gives tokens five minutes under virtual time, to a scenario that is a lot of work for each of them.
	short bool
	// rights are the ACL rules of its users, if not all.
	rights []string
	// tls runs it over TLS under virtual time too.
	tls bool
	// dialects is set if a dialect of Redis can matter to it.
	dialects bool
	// passwordless runs it against a server without passwords, in every dialect.
	passwordless bool
}

func scenarios() []scenario {
	return []scenario{
		{name: "login", run: login, tls: true, dialects: true},
		{name: "login with azidentity", run: loginWithAzidentity, long: true},
		{name: "login answered before the first command", run: separateLogin, dialects: true},
		{name: "idle across 3 rotations", run: idleAcrossRotations},
		{name: "in use across 3 rotations", run: inUseAcrossRotations},
		{name: "pipelines of 100 commands", run: pipelinesOf100},
		{name: "64 callers at once", run: callersAtOnce},
		{name: "MULTI is never split", run: multiIsNeverSplit},
		{name: "WATCH is never lost", run: watchIsNeverLost},
		{name: "pool growing during a rotation", run: poolGrowing},
		{name: "renewals of 100 connections spread out", run: renewalsSpreadOut},
		{name: "outage shorter than the token's rest", run: outageShorter},
		{name: "outage longer than the token's rest", run: outageLonger},
		{name: "token that is not newer", run: tokenNotNewer},
		{name: "AUTH refused once, then accepted", run: authRefusedOnce, dialects: true},
		{name: "AUTH refused without an answer", run: authRefusedSilently, needs: bareHello},
		{name: "AUTH refused at login", run: authRefusedAtLogin, long: true, dialects: true},
		{name: "AUTH refused by a server without passwords", run: refusedWithoutPasswords, long: true, passwordless: true},
		{name: "AUTH refused at login in other words", run: authRefusedInOtherWords, virtual: "the gateway says the words, whatever the server"},
		{name: "server full", run: serverFull, dialects: true},
		{name: "server drops all connections", run: serverDropsAll},
		{name: "storm: all connections dropped at once", run: stormDropped, long: true, dialects: true},
		{name: "storm: server away for 30 seconds", run: stormAway, long: true},
		{name: "replies broken off or late", run: brokenReplies},
		{name: "two clients on one Source", run: twoClients},
		{name: "Pub/Sub across 3 rotations", run: subscribed(Channel, "channel", "PUBLISH", "channel"), dialects: true},
		{name: "patterns across 3 rotations", run: subscribed(Pattern, "chan*", "PUBLISH", "channel"), dialects: true},
		{name: "sharded Pub/Sub across 3 rotations", run: subscribed(Shard, "channel", "SPUBLISH", "channel"), needs: shardedMessages, dialects: true},
		{name: "back from a subscription into the pool", run: backInThePool, dialects: true},
		{name: "subscription cut off", run: subscriptionCutOff},
		{name: "SUBSCRIBE refused", run: subscribeRefused, rights: []string{"+@all", "-psubscribe", "~*", "&allowed"}, real: "miniredis has no ACL"},
		{name: "user of few rights", run: userOfFewRights, rights: fewRights("+hello"), real: "miniredis has no ACL"},
		{name: "user without +hello", run: userWithoutHello, rights: fewRights(), real: "miniredis has no ACL",
			needs2: "a client that is to speak RESP3 sends HELLO itself"},
		{name: "server without RESP3", run: serverWithoutRESP3, needs2: "a client that is to speak RESP3 may refuse such a server", dialects: true},
		{name: "proxy that stays in RESP2", run: proxyStaysInRESP2, long: true, needs2: "a client that is to speak RESP3 may refuse such a proxy", dialects: true},
		{name: "blocked across many tokens", run: blockedAcrossTokens},
		{name: "wait of several tokens ends at its time", run: waitEnds},
		{name: "blocking calls cancelled", run: cancelled, dialects: true},
		{name: "stream followed from its end", run: followedFromItsEnd, dialects: true},
		{name: "CLIENT UNBLOCK by another client", run: unblocked, dialects: true},
		{name: "blocked while Entra is down", run: blockedDuringOutage},
		{name: "100 connections blocked at once", run: manyBlocked},
		{name: "tight loop of short blocking calls", run: tightLoop},
		{name: "held across 3 rotations", run: heldAcrossRotations},
		{name: "one connection per call", run: oneByOne},
		{name: "streamed replies during rotations", run: streamed, short: true},
		{name: "cached reads are never stale", run: neverStale, short: true, needs3: "client-side caching needs RESP3"},
		{name: "maintenance notifications", run: maintenance, real: "callers of go-redis wait for a turn there, with timers that all bubbles share", needs3: "a server announces its maintenance in RESP3 only"},
		{name: "prefix commands are never separated", run: prefixesStay},
		{name: "a day", run: aDay, virtual: "it takes a day"},
		{name: "client closed before Source", run: closeClientFirst},
		{name: "Source closed before client", run: closeSourceFirst},
		{name: "context ends while waiting for a token", run: contextEnds, cold: true},
		{name: "credential rejected", run: credentialRejected, cold: true},
		{name: "credential that never answers", run: credentialSilent, cold: true},
		{name: "token without oid", run: tokenWithoutObjectID, cold: true},
		{name: "secret nowhere in output", run: secretNowhere, dialects: true},
	}
}

// skip returns why h cannot run s with a protocol in a dialect, or "".
func (s scenario) skip(h Harness, protocol int, dialect entratest.Dialect) string {
	for _, name := range []string{s.name, fmt.Sprintf("%s, RESP%d", s.name, protocol)} {
		if reason, ok := h.Lacks[name]; ok {
			return reason
		}
	}
	reason := s.needs2
	if protocol == 2 {
		reason = s.needs3
	}
	if reason == "" {
		reason = lackOf(dialect, s.name, h, protocol)
	}
	if reason == "" && s.needs != "" && !dialect.Knows(s.needs) {
		reason = lackWithout(s.needs)
	}
	return reason
}

// Run runs the whole suite against Redis 7, and under virtual time against the other dialects of package entratest. Of
// these, -short leaves out all, and without -adaptertest.dialects only the scenarios run in which a dialect can matter.
// Under real time, without -adaptertest.protocols only those run over an older protocol of the client than its newest.
func Run(t *testing.T, h Harness) {
	for i, dialect := range entratest.Dialects() {
		name, isUsual := "virtual time", i == 0
		if !isUsual {
			name += " in " + dialect.Name
		}
		t.Run(name, func(t *testing.T) {
			if !isUsual && testing.Short() && !*dialectsFlag {
				t.Skip("-short runs the suite against Redis 7 only")
			}
			each(t, h, func(int) []scenario { return inDialect(isUsual) }, dialect, newPace(runtime.GOMAXPROCS(0), nil), func(t *testing.T, s scenario, protocol int) {
				if s.real != "" {
					t.Skip(s.real)
				}
				synctest.Test(t, func(t *testing.T) { s.run(newVirtual(t, h, s, protocol, dialect)) })
			})
		})
	}
	t.Run("real time", func(t *testing.T) {
		if testing.Short() {
			t.Skip("real time takes minutes: -short runs virtual time only")
		}
		watchdog, dialect := startWatchdog(t)
		each(t, h, func(protocol int) []scenario { return overProtocol(h, protocol) }, dialect, newPace(realAtOnce, watchdog), func(t *testing.T, s scenario, protocol int) {
			if s.virtual != "" {
				t.Skip(s.virtual)
			}
			s.run(newReal(t, h, s, protocol, dialect, watchdog))
		})
	})
}

// realAtOnce is how many scenarios run at the same time under real time, at most. T.Parallel would allow no more than
// there are processors.
const realAtOnce = 50

// each runs, over all protocols, the scenarios that are chosen for them, in a dialect.
func each(
	t *testing.T, h Harness, chosen func(protocol int) []scenario, dialect entratest.Dialect, pace *pace, run func(t *testing.T, s scenario, protocol int),
) {
	var protocols sync.WaitGroup
	for _, protocol := range h.Protocols {
		protocols.Go(func() {
			t.Run(fmt.Sprintf("RESP%d", protocol), func(t *testing.T) {
				var under sync.WaitGroup
				for _, s := range chosen(protocol) {
					pace.begin()
					under.Go(func() {
						defer pace.end()
						t.Run(s.name, func(t *testing.T) {
							if reason := s.skip(h, protocol, dialect); reason != "" {
								t.Skip(reason)
							}
							run(t, s, protocol)
						})
					})
				}
				under.Wait()
			})
		})
	}
	protocols.Wait()
}

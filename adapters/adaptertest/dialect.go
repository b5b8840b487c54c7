package adaptertest

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

var dialectsFlag = flag.Bool("adaptertest.dialects", false, "run every scenario under virtual time in every dialect of Redis, "+
	"not only the scenarios in which a dialect can matter")

var protocolsFlag = flag.Bool("adaptertest.protocols", false, "run every scenario under real time over every protocol of the client, "+
	"not only the scenarios in which it can matter")

// A lack says why a dialect of Redis, or a client in it, cannot run a scenario.
type lack struct {
	dialect  entratest.Dialect
	scenario string // every one, if empty
	library  string // every one, if empty
	protocol int    // every one, if 0
	reason   string
}

// lacks returns all of them. A scenario that no server or client keeps from running runs in every dialect.
func lacks() []lack {
	const (
		shards         = "sharded Pub/Sub across 3 rotations"
		noShards       = "Redis 6 has no sharded Pub/Sub"
		ends           = "a subscriber in RESP2 ends with its token; \"proxy that stays in RESP2\" tests what its program sees"
		back           = "back from a subscription into the pool"
		onceSubscribed = "a connection that was subscribed in RESP2 ends with its token; go-redis puts none back"
		staysLogged    = "it ends no connection whose token has expired, so the program notices nothing"
	)
	proxy, development := entratest.RESP2Proxy(), entratest.Passwordless()
	return []lack{
		{dialect: entratest.Redis6(), scenario: shards, reason: noShards},
		{dialect: entratest.AzureCache(), scenario: shards, reason: noShards},
		{dialect: entratest.AzureManaged(), scenario: "CLIENT UNBLOCK by another client",
			reason: "a CLIENT UNBLOCK reaches connections of its own proxy only, and numbers repeat"},
		{dialect: proxy, library: "rueidis", protocol: 3, reason: "rueidis refuses such a proxy unless its cache is disabled"},
		{dialect: proxy, scenario: "Pub/Sub across 3 rotations", reason: ends},
		{dialect: proxy, scenario: "patterns across 3 rotations", reason: ends},
		{dialect: proxy, scenario: shards, reason: ends},
		{dialect: proxy, scenario: back, library: "rueidis", reason: onceSubscribed},
		{dialect: proxy, scenario: back, library: "redigo", reason: onceSubscribed},
		{dialect: proxy, scenario: "a day", reason: ends},
		{dialect: proxy, scenario: "cached reads are never stale", protocol: 3, reason: "client-side caching needs RESP3"},
		{dialect: proxy, scenario: "maintenance notifications", protocol: 3, reason: "a server announces its maintenance in RESP3 only"},
		{dialect: proxy, scenario: "prefix commands are never separated", protocol: 3, reason: "it speaks RESP3 by hand"},
		{dialect: development, scenario: "outage longer than the token's rest", reason: staysLogged},
		{dialect: development, scenario: "Source closed before client", reason: staysLogged},
		{dialect: development, scenario: "token without oid", reason: "the user default needs none"},
		{dialect: development, scenario: "a day", reason: "it refuses no revoked token"},
	}
}

// lackOf returns why a scenario cannot run in a dialect, or "".
func lackOf(dialect entratest.Dialect, scenario string, h Harness, protocol int) string {
	for _, l := range lacks() {
		if l.dialect.Name == dialect.Name && (l.scenario == "" || l.scenario == scenario) &&
			(l.library == "" || l.library == h.Library) && (l.protocol == 0 || l.protocol == protocol) {
			return l.reason
		}
	}
	return ""
}

// inDialect returns the scenarios that run in a dialect unless something is lacking: all of them in the usual one.
func inDialect(isUsual bool) []scenario {
	var all []scenario
	for _, s := range scenarios() {
		if isUsual || s.dialects || *dialectsFlag {
			all = append(all, s)
		}
	}
	return all
}

// overProtocol returns the scenarios that run over a protocol under real time, unless something is lacking. What depends on
// the protocol depends on the dialect as well, so there are few over an older protocol than the client's newest.
func overProtocol(h Harness, protocol int) []scenario {
	var all []scenario
	for _, s := range scenarios() {
		if protocol == slices.Max(h.Protocols) || s.dialects || s.needs2 != "" || *protocolsFlag {
			all = append(all, s)
		}
	}
	return all
}

// Dialects returns a Markdown section: the table of what the suite cannot run in the dialects of Redis, and why.
func Dialects() string {
	var table strings.Builder
	table.WriteString("### dialects\n\n| dialect | scenario | client | why |\n|---|---|---|---|\n")
	for _, l := range lacks() {
		scenario, client := l.scenario, l.library
		if scenario == "" {
			scenario = "all"
		}
		if client == "" {
			client = "all"
		}
		if l.protocol != 0 {
			client += fmt.Sprintf(", RESP%d", l.protocol)
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", l.dialect.Name, scenario, client, l.reason)
	}
	return table.String()
}

// CheckDialects fails the test unless the Markdown file at path has one section headed "dialects", of level 3, that is
// Dialects() and nothing else, and each row of it names a scenario.
func CheckDialects(t testing.TB, path string) {
	t.Helper()
	for _, l := range lacks() {
		exists := slices.ContainsFunc(scenarios(), func(s scenario) bool { return s.name == l.scenario })
		if l.scenario != "" && !exists {
			t.Errorf("no scenario is called %q", l.scenario)
		}
	}
	checkSection(t, "dialects", Dialects(), path)
}

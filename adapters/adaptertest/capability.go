package adaptertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

// A capability is a command that not every server knows, and what the suite does in real time where it is not known.
type capability struct {
	command string // as entratest.RedisServer.Knows has it
	since   string // the first version that knows it
	without string
}

const (
	shardedMessages = "SSUBSCRIBE"
	channelRules    = "RESET" // ACL rules about channels are no command; they came in the same version
	bareHello       = "RESET" // and so did HELLO without arguments, which finds out that an AUTH has no answer
	clusters        = "CLUSTER SHARDS"
)

func capabilities() []capability {
	return []capability{
		{"BLMOVE", "6.2", "blocking calls move elements with BRPOPLPUSH only, which every server runs"},
		{"BZMPOP", "7.0", "blocking calls pop the best element with BZPOPMIN only, which every server runs"},
		{shardedMessages, "7.0", "\"sharded Pub/Sub across 3 rotations\" is not run: the server has no sharded Pub/Sub"},
		{channelRules, "6.2", "the server has no ACL rules about channels either: \"SUBSCRIBE refused\" is about commands only. It answers each refused AUTH: \"AUTH refused without an answer\" is not run"},
		{clusters, "7.0", "no scenario of a cluster is run: its nodes announce no host names and take no port for their bus"},
	}
}

// lackWithout returns why what needs a command is not run on a server that does not know it.
func lackWithout(command string) string {
	for _, c := range capabilities() {
		if c.command == command {
			return c.without
		}
	}
	panic("adaptertest: no capability is called " + command)
}

// askDialect returns how a redis-server speaks: as Redis 7, without the commands that the server says it does not know.
func askDialect(t *testing.T, redis *entratest.RedisServer) entratest.Dialect {
	t.Helper()
	dialect := entratest.Redis7()
	for _, c := range capabilities() {
		known, err := redis.Knows(t.Context(), c.command)
		if err != nil {
			t.Fatal(err)
		}
		if !known {
			dialect.Unknown = append(dialect.Unknown, c.command)
			t.Logf("the server does not know %s: %s", c.command, c.without)
		}
	}
	return dialect
}

// Capabilities returns a Markdown section: the table of the commands that not every server knows.
func Capabilities() string {
	var table strings.Builder
	table.WriteString("### capabilities\n\n| command | since | without it |\n|---|---|---|\n")
	for _, c := range capabilities() {
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", c.command, c.since, c.without)
	}
	return table.String()
}

// CheckCapabilities fails the test unless the Markdown file at path has one section headed "capabilities", of level 3,
// that is Capabilities() and nothing else.
func CheckCapabilities(t testing.TB, path string) {
	t.Helper()
	checkSection(t, "capabilities", Capabilities(), path)
}

package diagnosis

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A FirstCommand is one that a client sends before the program's own, or that the library sends for
// it.
type FirstCommand struct {
	Name    string // "CLIENT TRACKING"
	Sender  string
	Without string // what happens where the access policy forbids it

	args []string
}

// examinedKey is in no cache: SET with XX writes nothing to it.
const examinedKey = "entraredis:doctor:no-such-key"

// FirstCommands returns the commands that an access policy may forbid. None of them writes
// anything.
func FirstCommands() []FirstCommand {
	return []FirstCommand{
		{Name: "PING", Sender: "health checks, and pools that test idle connections", Without: "these fail", args: []string{"PING"}},
		{Name: "GET", Sender: "programs that read", Without: "reading fails", args: []string{"GET", examinedKey}},
		{Name: "SET", Sender: "programs that write", Without: "writing fails", args: []string{"SET", examinedKey, "", "XX"}},
		{Name: "CLIENT ID", Sender: "this library, before a blocking call in RESP2 that may outlive the token",
			Without: "a cancelled blocking call ends its connection", args: []string{"CLIENT", "ID"}},
		{Name: "CLIENT SETINFO", Sender: "go-redis and rueidis", Without: "nothing: both ignore the error",
			args: []string{"CLIENT", "SETINFO", "LIB-NAME", "entraredis-doctor"}},
		{Name: "CLIENT TRACKING", Sender: "rueidis, unless DisableCache is set", Without: "rueidis does not connect",
			args: []string{"CLIENT", "TRACKING", "ON", "OPTIN"}},
		{Name: "CLUSTER SLOTS", Sender: "clients of a cluster", Without: "these do not connect", args: []string{"CLUSTER", "SLOTS"}},
		{Name: "CLUSTER SHARDS", Sender: "rueidis at a cluster of Redis 7 or later", Without: "rueidis does not connect to it",
			args: []string{"CLUSTER", "SHARDS"}},
		{Name: "XINFO STREAM", Sender: "this library, before an XREAD from $ that may outlive the token",
			Without: "that connection ends with its token", args: []string{"XINFO", "STREAM", examinedKey}},
	}
}

// permission is what an access policy has to say to allow it.
func (c FirstCommand) permission() string {
	return "+" + strings.ToLower(strings.ReplaceAll(c.Name, " ", "|"))
}

func checkCommands(ctx context.Context, e *examination) outcome {
	var forbidden, permissions []string
	for _, c := range FirstCommands() {
		if !e.settings.Cluster && strings.HasPrefix(c.Name, "CLUSTER") {
			continue
		}
		answer, err := e.session.do(ctx, c.args...)
		if err != nil {
			return failed("connection-lost", "after %s: %v", c.Name, err)
		}
		if answer.isError() && isForbidden(answer) {
			forbidden = append(forbidden, c.Name)
			permissions = append(permissions, c.permission())
		}
	}
	e.known["commands"], e.known["permissions"] = strings.Join(forbidden, ", "), strings.Join(permissions, " ")
	switch {
	case len(forbidden) == 0:
		return fine("the access policy forbids none of the clients' first commands")
	case slices.Equal(forbidden, []string{"SET"}):
		return warning("read-only", "SET is forbidden")
	}
	return warning("commands-forbidden", "%s", fmt.Sprintf("%s forbidden", strings.Join(forbidden, ", ")))
}

// isForbidden reports whether an ACL forbids the command. It may forbid the key only, which says
// nothing of the program's.
func isForbidden(answer reply) bool {
	words := strings.ToLower(answer.text)
	return strings.HasPrefix(words, "noperm") && !strings.Contains(words, "to access")
}

package session

import (
	"strings"

	"github.com/entraredis/entraredis/core/internal/authanswer"
)

// An AuthFailure says what an error reply in answer to an AUTH of ours means.
type AuthFailure uint8

const (
	// tokenRefused: the server does not accept the token, or refuses in words that are not known.
	tokenRefused AuthFailure = iota
	// identityForbidden: the user may not do what it asked for, whatever its token.
	identityForbidden
	// authUnknown: the server has no AUTH command, or none with a user name.
	authUnknown
	// passwordless: the server asks for no password.
	passwordless
	// addressDenied: the server takes no connections from this machine.
	addressDenied
	// nodeUnfit: the node cannot do its work, which has nothing to do with who asks.
	nodeUnfit
	// serverUnready: the server serves no client at the moment. It is no refusal, and waiting
	// helps.
	serverUnready
	// serverFull: the same, and the server has closed the connection, so it answers nothing else.
	serverFull
	// notOurs: the reply belongs to another command, so replies are not counted as the server
	// counts them.
	notOurs
)

// IsRefusal reports whether logins are to wait, because the next one would fare no better.
func (f AuthFailure) IsRefusal() bool { return f < serverUnready }

// Replies returns how many of all the replies that a client waits for the server gives.
func (f AuthFailure) Replies(all int) int {
	if f == serverFull {
		return min(all, 1)
	}
	return all
}

// BlamesToken reports whether another token may help.
func (f AuthFailure) BlamesToken() bool { return f == tokenRefused }

// Remedy returns what an operator should check, "" for the usual.
func (f AuthFailure) Remedy() string {
	return [...]string{
		tokenRefused:      "",
		identityForbidden: "check the permissions that the identity's access policy grants on this cache",
		authUnknown:       "check that the address is a Redis server of version 6 or later, and that no proxy or setting disables AUTH",
		passwordless:      "check the address: this server has no password set, so it does not use Microsoft Entra authentication",
		addressDenied:     "check the server's protected mode, firewall and network settings: it takes no connections from this machine",
		nodeUnfit:         "check the state of the server",
		serverUnready:     "the server serves no client at the moment; retrying helps",
		serverFull:        "the server serves no client at the moment; retrying helps",
		notOurs:           "",
	}[f]
}

// classifyAuthError classifies an error reply, without its type byte, that stands where the answer
// to an AUTH is expected. AUTH is the first command of a login, so any error there is its answer.
// On a connection that is logged in, an error that can only be about another command means that the
// replies were miscounted.
//
// What the words mean was taken from redis-server, Azure's services and the usual proxies. Some put
// ERR before the code, and some send the code without a text. Unknown words are a refusal: to
// redial at once is never the answer.
func classifyAuthError(line string, login bool) AuthFailure {
	code, text := authanswer.Split(line)
	switch code { // whatever the text speaks of
	case "WRONGPASS", "NOAUTH":
		return tokenRefused
	case "DENIED":
		return addressDenied
	}
	about := namedCommand(text)
	switch {
	case authanswer.IsUnready(code):
		return serverUnready
	case !login && about != "" && about != "AUTH":
		return notOurs
	case authanswer.IsFull(text):
		return serverFull
	case strings.Contains(text, "UNKNOWN COMMAND"), strings.Contains(text, "WRONG NUMBER OF ARGUMENTS"):
		return authUnknown
	case strings.Contains(text, "NO PASSWORD IS SET"), strings.Contains(text, "WITHOUT ANY PASSWORD CONFIGURED"),
		strings.Contains(text, "NO ACL IS SET"), strings.Contains(text, "NO USERNAME-PASSWORD PAIR IS SET"):
		return passwordless
	case !login && strings.HasPrefix(text, cannotExecute):
		return notOurs // AUTH went to a subscriber in RESP2, which was taken for something else
	case !login && (strings.Contains(text, "WITHOUT MULTI") || strings.Contains(text, "CALLS CAN NOT BE NESTED") ||
		strings.Contains(text, "INSIDE A TRANSACTION")):
		return notOurs // AUTH went into a transaction, or is taken for its end
	}
	switch code {
	case "NOPERM":
		if !login {
			return notOurs // AUTH needs no permission
		}
		return identityForbidden
	case "READONLY", "MISCONF", "NOREPLICAS", "UNKILLABLE":
		return nodeUnfit
	case "WRONGTYPE", "MOVED", "ASK", "CROSSSLOT", "NOSCRIPT", "EXECABORT", "NOPROTO", "BUSYGROUP", "BUSYKEY", "NOGROUP", "UNBLOCKED":
		if !login {
			return notOurs
		}
	}
	return tokenRefused
}

// cannotExecute begins what Redis says to a RESP2 subscriber whose command is not about
// subscriptions.
const cannotExecute = "CAN'T EXECUTE "

// namedCommand returns the command that a text in capitals speaks of, "" if it names none: servers
// write command 'GET', 'GET' command, can't execute 'GET', with one of several quotation marks.
func namedCommand(text string) string {
	if strings.Contains(text, "SUBCOMMAND") {
		return "SUBCOMMAND" // which AUTH has none of
	}
	text, executes := strings.CutPrefix(text, cannotExecute)
	open := strings.IndexAny(text, "'`\"")
	if open < 0 {
		return ""
	}
	name, following, found := strings.Cut(text[open+1:], text[open:open+1])
	if found && (executes && open == 0 || strings.HasSuffix(text[:open], "COMMAND ") || strings.HasPrefix(following, " COMMAND")) {
		return name
	}
	return ""
}

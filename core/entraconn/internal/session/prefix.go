package session

import "github.com/entraredis/entraredis/internal/resp"

// A prefix says how the last command modifies the next one. Nothing may come between the two.
type prefix uint8

const (
	askingPrefix  prefix = 1 << iota // ASKING, which the server forgets after any other command
	cachingPrefix                    // CLIENT CACHING, which it keeps over all other CLIENT commands
	skipPrefix                       // CLIENT REPLY SKIP: the next command gives no reply

	noPrefix prefix = 0
)

// modifies reports whether it says something of a call, which must be said again if that is sent twice.
// CLIENT CACHING says something of commands that only read.
func (p prefix) modifies(call blockingCall) bool {
	return p&askingPrefix != 0 || p != noPrefix && call.takesNothing
}

// afterCommand returns what modifies the command that comes next, when one of that kind was written.
func (p prefix) afterCommand(kind resp.Kind) prefix {
	switch kind {
	case resp.Asking:
		return askingPrefix
	case resp.Caching:
		return cachingPrefix
	case resp.ReplySkip:
		return p&cachingPrefix | skipPrefix
	case resp.Client, resp.ReplyOn, resp.Tracking, resp.Unblock, resp.ReplyOff:
		return p & cachingPrefix
	}
	return noPrefix
}

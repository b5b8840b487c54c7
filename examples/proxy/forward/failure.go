package forward

import (
	"cmp"
	"errors"
	"strings"

	"github.com/entraredis/entraredis/core/entra"
)

// A Failure says in one word why a client was not served.
type Failure string

// The failures. They are a closed set.
const (
	Unreachable  Failure = "unreachable"   // the dial of the cache failed
	NoToken      Failure = "no_token"      // Entra has given no valid token
	CacheRefused Failure = "cache_refused" // the cache refused the login, or served no client
	ClientLogin  Failure = "client_login"  // the client sent AUTH
	NoCommands   Failure = "no_commands"   // the client sent bytes that are no commands
)

// Failures returns all of them.
func Failures() []Failure {
	return []Failure{Unreachable, NoToken, CacheRefused, ClientLogin, NoCommands}
}

// A dialError says that there is no connection to the cache.
type dialError struct{ err error }

func (e *dialError) Error() string { return "cannot connect to the cache: " + e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// explain returns what err means, and the error that a client reads in place of its first reply, without
// the type byte. Both are empty if the cache has just closed the connection: then the Server does the
// same.
func explain(err error) (why Failure, line string) {
	if refused, ok := errors.AsType[*entra.AuthError](err); ok {
		if refused.Temporary() { // client libraries know the words that it begins with, and try again
			return CacheRefused, oneLine(refused.Error())
		}
		return CacheRefused, oneLine(cmp.Or(refused.Code(), "ERR") + " " + refused.Error())
	}
	switch {
	case errors.Is(err, errLogin):
		return ClientLogin, "ERR AUTH is not accepted here: the proxy logs in with its own identity. " +
			"Remove user and password from the client's settings"
	case errors.Is(err, errUnreadable):
		return NoCommands, "ERR Protocol error: these bytes are no commands"
	case errors.Is(err, entra.ErrClosed):
		return NoToken, "ERR " + entra.ErrClosed.Error()
	}
	if failed, ok := errors.AsType[*entra.RefreshError](err); ok {
		return NoToken, oneLine("ERR " + failed.Error())
	}
	if failed, ok := errors.AsType[*dialError](err); ok {
		return Unreachable, oneLine("ERR " + failed.Error())
	}
	return "", ""
}

// oneLine returns a text without line breaks, which would end the reply, and of bounded length, because
// a resolver or a server may have much to say.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return text[:min(len(text), 1<<10)]
}

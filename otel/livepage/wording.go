package livepage

import (
	"fmt"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// level says how urgently an event needs an operator.
func (e *event) level() level {
	switch e.what {
	case tokenRenewed, connReconnected:
		return good
	case connsRotated:
		if e.turnout.Refused+e.turnout.Left > 0 {
			return watch
		}
		return good
	case connRetired:
		return watch
	case tokenFailed, authRefused, serverUnable, authUnanswered, connLost:
		if e.severe {
			return bad
		}
	}
	return watch
}

// text tells an event in a sentence.
func (e *event) text() string {
	switch e.what {
	case tokenRenewed:
		life := inWords(e.length.Round(time.Second))
		if e.gap > 0 {
			return fmt.Sprintf("New token, good for %s, after %s without one.", life, inWords(e.gap))
		}
		return "New token, good for " + life + "."
	case tokenFailed:
		return "No new token: " + cause(e.kind, e.host, e.code) + answered(e.status, e.code) + "."
	case connsRotated:
		return e.turnout.text()
	case authRefused:
		return e.server + " refused " + e.refused() + "."
	case serverUnable:
		return fmt.Sprintf("%s answers %s to %s.", e.server, named(e.word), e.asked())
	case authUnanswered:
		return fmt.Sprintf("%s did not answer a login for %s.", e.server, inWords(e.length))
	case connLost:
		return e.server + ": " + e.lost() + "."
	case connRetired:
		return fmt.Sprintf("%s: %s closed in order before the token expired, for it cannot be renewed there%s.", e.server, e.conns(), because(e.unrenewable))
	case connReconnected:
		if e.count == 1 {
			return fmt.Sprintf("%s: a connection is back after %s.", e.server, inWords(e.length))
		}
		return fmt.Sprintf("%s: %d connections are back, the last after %s.", e.server, e.count, inWords(e.length))
	}
	return string(e.what)
}

// counted reports whether the text says how many there were.
func (e *event) counted() bool {
	switch e.what {
	case connsRotated, connLost, connRetired, connReconnected:
		return true
	case tokenRenewed, tokenFailed, authRefused, serverUnable, authUnanswered:
	}
	return false
}

func (e *event) conns() string { return number(e.count, "connection") }

func (e *event) refused() string {
	what := e.asked()
	if e.login {
		what = "to log connections in"
	}
	if e.word == "" {
		return what
	}
	return what + " (" + e.word + ")"
}

// asked says what the token was for.
func (e *event) asked() string {
	if e.login {
		return "logins"
	}
	return "the new token on open connections, which keep the older one"
}

// named stands for an error by its first word.
func named(word string) string {
	if word == "" {
		return "an error"
	}
	return word
}

func (e *event) lost() string {
	switch e.reason {
	case entra.CloseByServer:
		return e.conns() + " closed by the server or the network"
	case entra.CloseExpired:
		return e.conns() + " lost, because the token on it had expired" + because(e.unrenewable)
	case entra.CloseAuthTimeout:
		return e.conns() + " given up, because a new token was not answered"
	case entra.CloseProtocol:
		return e.conns() + " given up, because the server's answers could not be understood"
	case entra.CloseByClient, entra.CloseAuthRejected, entra.CloseUnsupported: // the page has no such loss
	}
	return e.conns() + " lost"
}

func because(unrenewable string) string {
	if unrenewable == "" {
		return ""
	}
	return " (" + unrenewable + ")"
}

// answered says with what a token was refused, in codes that can be looked up.
func answered(status int, code string) string {
	var parts []string
	if status != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d", status))
	}
	if code != "" {
		parts = append(parts, code)
	}
	if m := meaning(code); m != "" {
		parts = append(parts, m)
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

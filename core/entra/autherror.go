package entra

import (
	"fmt"
	"strings"

	"github.com/entraredis/entraredis/core/internal/authanswer"
)

// An AuthError says that the Redis server did not accept the token at login. The connection that
// returned the error is unusable.
//
// Without [AuthError.Temporary] the server refused it: a retry helps once there is a newer token, or
// once what Remedy says was mended. With Temporary the server serves no client at the moment, and
// the text of the error begins with the server's words, because client libraries recognise such
// errors by that. Observers get an AuthError for each AUTH that was answered with an error, see
// AuthDoneInfo.Refused.
//
// It does not unwrap to Err: go-redis returns what a login's error unwraps to instead of the error
// itself.
type AuthError struct {
	Addr string // the server, as it was dialed
	User string // the user name that was sent, which is the object id of the identity as a rule
	// Err holds the server's own words, for example "WRONGPASS invalid username-password pair",
	// without any part of the token that they repeat, and 511 bytes of them at most.
	Err error
	// Remedy is what to check. Empty means the identity's access policy assignment.
	Remedy string
}

func (e *AuthError) Error() string {
	user := e.User
	if user != "" {
		user = " of " + user
	}
	if e.Temporary() {
		return fmt.Sprintf("%v; entra: %s answered this to the Microsoft Entra login%s: it serves no client at the moment, retrying helps",
			e.Err, e.Addr, user)
	}
	remedy := e.Remedy
	if remedy == "" {
		remedy = "check that the identity has an access policy assignment on this cache"
	}
	return fmt.Sprintf("entra: %s refused the Microsoft Entra login%s: %v; %s", e.Addr, user, e.Err, remedy)
}

// Temporary reports whether the server serves no client at the moment, whatever its token: it is
// loading, busy or full, for example. A retry helps.
func (e *AuthError) Temporary() bool {
	if e.Err == nil {
		return false
	}
	code, text := authanswer.Split(e.Err.Error())
	return authanswer.IsUnready(code) || authanswer.IsFull(text)
}

// Code returns Redis's code of the error, for example "WRONGPASS", also if the server puts ERR
// before it. It is "ERR" for an error without a code of its own, and "" for words that Redis does
// not use: the values are a closed set.
func (e *AuthError) Code() string {
	if e.Err == nil {
		return ""
	}
	first, rest, _ := strings.Cut(strings.ToUpper(e.Err.Error()), " ")
	if first == "ERR" {
		if second, _, _ := strings.Cut(rest, " "); isRedisCode(second) {
			return second
		}
	}
	if isRedisCode(first) {
		return first
	}
	return ""
}

// isRedisCode reports whether a word is the code of an error that AUTH can get, also from proxies
// and from nodes in trouble.
func isRedisCode(word string) bool {
	switch word {
	case "WRONGPASS", "NOAUTH", "NOPERM", "ERR", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "MISCONF", "OOM",
		"NOPROTO", "UNKILLABLE", "DENIED", "READONLY", "NOREPLICAS", "TRYAGAIN":
		return true
	}
	return false
}

package entra

import (
	"fmt"
	"strings"
)

// An AuthError says that the Redis server refused the token at login. A retry helps once there is a
// newer token, or once the identity has an access policy on the cache. The connection that returned
// the error is unusable. Observers also get an AuthError for an AUTH that the server could not
// serve at the moment, see AuthDoneInfo.Refused.
//
// It does not unwrap to Err: go-redis returns what a login's error unwraps to instead of the error
// itself.
type AuthError struct {
	Addr string // the server, as it was dialed
	// Err holds the server's own words, for example "WRONGPASS invalid username-password pair",
	// without any part of the token that they repeat, and 511 bytes of them at most.
	Err error
	// Remedy is what to check. Empty means the identity's access policy assignment.
	Remedy string
}

func (e *AuthError) Error() string {
	remedy := e.Remedy
	if remedy == "" {
		remedy = "check that the identity has an access policy assignment on this cache"
	}
	return fmt.Sprintf("entra: %s refused the Microsoft Entra login: %v; %s", e.Addr, e.Err, remedy)
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

package entra

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// ErrClosed is returned by a [Source] after Close, and by connections that needed a token from one. A retry
// does not help.
var ErrClosed = errors.New("entra: source is closed")

// Kind says in one word why a token could not be acquired.
type Kind string

// The kinds of a failed refresh. Rejected and malformed ones need an operator as a rule, the others are transient.
const (
	// KindNetwork: no usable answer came, or one that speaks of Entra's own trouble (5xx, or 404 and 410 from a
	// managed identity endpoint that is starting). A retry helps, unless the credential found nothing that it
	// could have asked, which cannot be told apart here: then Err says so.
	KindNetwork Kind = "network"
	// KindThrottled: the answer was 429. A retry helps, after the Retry-After that the Source obeys.
	KindThrottled Kind = "throttled"
	// KindRejected: Entra refused the credential (400, 401, 403), or this machine's managed identity endpoint has no
	// identity for it. A retry helps only after an operator has replaced the secret or the certificate, or assigned
	// the identity.
	KindRejected Kind = "rejected"
	// KindMalformed: the credential returned no error, but a token that is empty, expired, or does not name its
	// user; or it panicked. A retry seldom helps; Options.Username helps where the token carries no oid claim.
	KindMalformed Kind = "malformed"
	// KindTimedOut: the credential did not answer within the deadline of one attempt. A retry helps.
	KindTimedOut Kind = "timed_out"
)

// The kinds by the names that they had before. They go with version 1.0.
const (
	// Deprecated: use [KindNetwork].
	Network = KindNetwork
	// Deprecated: use [KindThrottled].
	Throttled = KindThrottled
	// Deprecated: use [KindRejected].
	Rejected = KindRejected
	// Deprecated: use [KindMalformed].
	Malformed = KindMalformed
	// Deprecated: use [KindTimedOut].
	TimedOut = KindTimedOut
)

// A RefreshError says that a token could not be acquired or renewed. The [Source] goes on trying by itself, so
// a caller retries by calling Token again: that waits for the next try, and hurries it if no token is left.
type RefreshError struct {
	Kind    Kind
	Status  int       // of the HTTP answer that refused, 0 if none did
	Host    string    // that gave this answer, for example "login.microsoftonline.com"
	Code    string    // Entra's own for what is wrong, for example "AADSTS7000215"; empty if it gave none
	Attempt int       // failed attempts in a row, 1 for the first
	RetryAt time.Time // when the Source tries next, at the latest
	// Err wraps what the credential returned, for errors.As. Its message may quote Entra's whole answer, so neither Error nor any
	// format verb or encoding of the RefreshError repeats it; log it only where such text may go.
	Err error `json:"-"`
}

// Error tells all fields but Err, and what to check: neither secret nor claim nor response body.
func (e *RefreshError) Error() string {
	var answer strings.Builder
	if e.Status != 0 {
		fmt.Fprintf(&answer, ", HTTP %d", e.Status)
	}
	if e.Host != "" {
		answer.WriteString(" from " + e.Host)
	}
	if e.Code != "" {
		answer.WriteString(", " + e.Code)
	}
	return fmt.Sprintf("entra: no new token: %s%s (attempt %d, next at %s): %s; RefreshError.Err says more",
		e.Kind, &answer, e.Attempt, e.RetryAt.UTC().Format(time.RFC3339), e.remedy())
}

// Unwrap gives errors.Is and errors.As the cause. It is the form for several errors because go-redis returns what a
// login's error unwraps to instead of the error itself, and that would be the credential's text.
func (e *RefreshError) Unwrap() []error { return []error{e.Err} }

// Format implements [fmt.Formatter] with the text of Error. It has a value receiver because fmt would print the
// fields of a RefreshError that is no pointer, Err included.
func (e RefreshError) Format(f fmt.State, verb rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), e.Error())
}

func (e *RefreshError) remedy() string {
	switch e.Kind {
	case KindNetwork:
		return "no usable answer from Microsoft Entra, check network, proxy, and that the credential finds an identity to use; retrying"
	case KindThrottled:
		return "too many requests; retrying later"
	case KindRejected:
		if isMachineLocal(e.Host) {
			return "the managed identity endpoint gave none, check that this machine has an identity assigned, or use another credential"
		}
		return "the credential was refused, check its secret, certificate or identity assignment"
	case KindMalformed:
		return "the credential gave nothing usable, RefreshError.Err says what; check the scope, and set Options.Username if tokens carry no oid"
	case KindTimedOut:
		return "no answer from Microsoft Entra in time; retrying"
	}
	return "unknown"
}

// isMachineLocal tells the managed identity endpoints, which Azure offers at a link-local, loopback or private
// address, from Entra, which is reached by name.
func isMachineLocal(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	_, err := netip.ParseAddr(name)
	return err == nil || name == "localhost"
}

// An AuthError says that the Redis server refused the token at login. A retry helps once a newer token is there
// or the identity has been given an access policy on the cache; the connection that returned it is of no more
// use. Observers also get one for an AUTH that the server could not serve at the moment, see AuthDoneInfo.Refused.
//
// It does not unwrap to Err: go-redis returns what a login's error unwraps to instead of the error itself.
type AuthError struct {
	Addr string // the server, as it was dialed
	// Err holds the server's own words, for example "WRONGPASS invalid username-password pair", without any part of
	// the token that they repeat, and 511 bytes of them at most.
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

// Code returns the code that Redis gives such an error, for example "WRONGPASS", also where the server puts ERR before
// it. It is "ERR" for an error that has no code of its own, and "" for words that Redis does not know: the values are a
// closed set.
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

// isRedisCode reports whether a word is the code of an error that AUTH can get for an answer, also from proxies and
// nodes in trouble.
func isRedisCode(word string) bool {
	switch word {
	case "WRONGPASS", "NOAUTH", "NOPERM", "ERR", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "MISCONF", "OOM",
		"NOPROTO", "UNKILLABLE", "DENIED", "READONLY", "NOREPLICAS", "TRYAGAIN":
		return true
	}
	return false
}

// A ConfigError says that a setting cannot work, before anything was dialed. A retry does not help.
type ConfigError struct {
	Field  string // as the user wrote it, for example "redis.Options.Password"
	Reason string // what is wrong with it and what to do instead
}

func (e *ConfigError) Error() string { return "entra: " + e.Field + ": " + e.Reason }

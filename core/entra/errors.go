package entra

import (
	"errors"
	"fmt"
	"time"
)

// ErrClosed is returned by a [Source] after Close, and by connections that needed a token from one. A retry
// does not help.
var ErrClosed = errors.New("entra: source is closed")

// Kind says in one word why a token could not be had.
type Kind string

// The kinds of a failed refresh. All but Rejected and Malformed usually pass without anybody's help.
const (
	// Network: no answer came from Entra, or one that speaks of its own trouble (5xx, or 404 and 410 from a
	// managed identity endpoint that is starting). A retry helps, unless the credential found nothing that it
	// could have asked, which cannot be told apart here: then Err says so.
	Network Kind = "network"
	// Throttled: Entra answered 429. A retry helps, after the Retry-After that the Source obeys.
	Throttled Kind = "throttled"
	// Rejected: Entra refused the credential (400, 401, 403). A retry helps only after somebody has mended the
	// secret, the certificate or the identity assignment.
	Rejected Kind = "rejected"
	// Malformed: the credential returned no error, but a token that is empty, expired, or does not name its
	// user; or it panicked. A retry seldom helps; Options.Username helps where the token carries no oid claim.
	Malformed Kind = "malformed"
	// TimedOut: the credential did not answer within the deadline of one attempt. A retry helps.
	TimedOut Kind = "timed_out"
)

// A RefreshError says that a token could not be acquired or renewed. The [Source] goes on trying by itself, so
// a caller retries by calling Token again, and nothing is gained by doing that before RetryAt.
type RefreshError struct {
	Kind    Kind
	Attempt int       // failed attempts in a row, 1 for the first
	RetryAt time.Time // when the Source tries next
	// Err is what the credential returned. Its message may quote Entra's whole answer, so Error does not
	// repeat it; log it only where such text may go.
	Err error `json:"-"`
}

// Error tells the kind, the attempt and the next try: neither secret nor claim nor response body.
func (e *RefreshError) Error() string {
	return fmt.Sprintf("entra: no new token: %s (attempt %d, next at %s): %s",
		e.Kind, e.Attempt, e.RetryAt.UTC().Format(time.RFC3339), e.Kind.remedy())
}

// Unwrap gives errors.Is and errors.As the cause. It is the form for several errors because go-redis returns what a
// login's error unwraps to instead of the error itself, and that would be the credential's text.
func (e *RefreshError) Unwrap() []error { return []error{e.Err} }

func (k Kind) remedy() string {
	switch k {
	case Network:
		return "no answer from Microsoft Entra, check network, proxy, and that there is an identity to use; retrying"
	case Throttled:
		return "Microsoft Entra asks to slow down; retrying later"
	case Rejected:
		return "Microsoft Entra refused the credential, check its secret, certificate or identity assignment"
	case Malformed:
		return "the credential returned an unusable token, check the scope, and set Options.Username if the token carries no oid"
	case TimedOut:
		return "Microsoft Entra did not answer in time; retrying"
	}
	return "unknown"
}

// An AuthError says that the Redis server refused the token at login. A retry helps once a newer token is there
// or the identity has been given an access policy on the cache; the connection that returned it is of no more
// use.
//
// It does not unwrap to Err: go-redis returns what a login's error unwraps to instead of the error itself.
type AuthError struct {
	Addr string // the server, as it was dialed
	Err  error  // the server's own words, for example "WRONGPASS invalid username-password pair"
}

func (e *AuthError) Error() string {
	return fmt.Sprintf("entra: %s refused the Microsoft Entra login: %v; check that the identity has an access policy assignment on this cache", e.Addr, e.Err)
}

// A ConfigError says that a setting cannot work, before anything was dialed. A retry does not help.
type ConfigError struct {
	Field  string // as the user wrote it, for example "redis.Options.Password"
	Reason string // what is wrong with it and what to do instead
}

func (e *ConfigError) Error() string { return "entra: " + e.Field + ": " + e.Reason }

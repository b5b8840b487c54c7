package entra

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

// A Token is one Microsoft Entra access token for Redis together with the user name that goes with
// it.
//
// It is an immutable value, cheap to copy and safe for concurrent use. Two Tokens are == if they
// came from the same answer of the credential. No format verb, log record, JSON or text encoding
// shows the secret. Only [Token.Credentials] returns it. The zero Token has no credentials and has
// long expired.
type Token struct {
	// A pointer, because fmt prints the unexported fields of a struct without its methods: a Token
	// in an unexported field of another type then shows an address instead of a secret.
	v *tokenValue
}

type tokenValue struct {
	username string
	// A function, because test libraries follow pointers when they print a value, and print
	// unexported strings.
	secret func() string
	claims loginClaims
	times  schedule.Validity
}

// Credentials returns the two arguments of the Redis command AUTH: the user name, which is the
// object id of the identity unless [Options.Username] says otherwise, and the access token as the
// password.
func (t Token) Credentials() (username, password string) {
	if t.v == nil {
		return "", ""
	}
	return t.v.username, t.v.secret()
}

// Username returns the Redis user name alone. It is an identity, not a secret.
func (t Token) Username() string {
	if t.v == nil {
		return ""
	}
	return t.v.username
}

// ExpiresOn returns the moment at which Redis closes connections that last authenticated with this
// token.
func (t Token) ExpiresOn() time.Time {
	if t.v == nil {
		return time.Time{}
	}
	return t.v.times.ExpiresOn
}

// Lifetime returns how long the token was valid when Entra issued it. If the token came out of a
// cache, less of that remained when the Source acquired it.
func (t Token) Lifetime() time.Duration {
	return t.validity().Lifetime()
}

// RenewBy returns the moment by which every connection should have a newer token: 3 minutes before
// ExpiresOn, as Microsoft's guidance asks, or a tenth of the lifetime if that is shorter than 30
// minutes.
func (t Token) RenewBy() time.Time {
	return t.validity().RenewBy()
}

// Times returns the moments of the token's life. It is for adapters, which report them to an
// [Observer].
func (t Token) Times() TokenTimes {
	if t.v == nil {
		return TokenTimes{}
	}
	return TokenTimes{IssuedAt: t.validity().IssuedAt, RenewBy: t.RenewBy(), ExpiresOn: t.ExpiresOn()}
}

// Remedy returns what to check when a server refuses the token at that time, as far as its claims
// and its expiry say. It is empty if they say nothing: then the identity has no access policy
// assignment on the cache. It tells no claim but the object id. It is for adapters, which put it into
// [AuthError].Remedy.
func (t Token) Remedy(now time.Time) string {
	if t.v == nil {
		return ""
	}
	return t.v.claims.remedy(t.v.username, now.Round(0).Sub(t.ExpiresOn()))
}

// IsZero reports whether t is the zero Token.
func (t Token) IsZero() bool { return t.v == nil }

// String returns the user name and the expiry, never the secret.
func (t Token) String() string {
	if t.v == nil {
		return "entra.Token{}"
	}
	return fmt.Sprintf("entra.Token{username: %s, secret: REDACTED, expiresOn: %s}", t.v.username, t.ExpiresOn().UTC().Format(time.RFC3339))
}

// Format implements [fmt.Formatter], so that every verb gives what String gives.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// GoString implements [fmt.GoStringer] with String.
func (t Token) GoString() string { return t.String() }

// MarshalText implements [encoding.TextMarshaler] with String; JSON encoders use it too.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// LogValue implements [slog.LogValuer] with the user name and the expiry.
func (t Token) LogValue() slog.Value {
	if t.v == nil {
		return slog.StringValue(t.String())
	}
	return slog.GroupValue(slog.String("username", t.v.username), slog.Time("expires_on", t.ExpiresOn()))
}

// validity returns the zero Validity for the zero Token.
func (t Token) validity() schedule.Validity {
	if t.v == nil {
		return schedule.Validity{}
	}
	return t.v.times
}

// sameSecret reports whether two tokens have the same secret, whatever the credential says of their
// expiries.
func (t Token) sameSecret(other Token) bool {
	return t.v != nil && other.v != nil && t.v.secret() == other.v.secret()
}

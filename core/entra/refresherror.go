package entra

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// A RefreshError says that a token could not be acquired or renewed. The [Source] retries by
// itself. A caller retries by calling Token again: that waits for the next attempt, and brings it
// forward if no token is valid.
type RefreshError struct {
	Kind    Kind
	Status  int       // of the HTTP answer that refused, 0 if none did
	Host    string    // that gave this answer, for example "login.microsoftonline.com"
	Code    string    // Entra's own for what is wrong, for example "AADSTS7000215"; empty if it gave none
	Attempt int       // failed attempts in a row, 1 for the first; the one under way included if that is what failed
	RetryAt time.Time // when the Source tries next, at the latest; zero if the attempt is still under way
	// Err wraps what the credential returned, for errors.As. Its message may quote Entra's whole
	// answer, or what a credential panicked with. Neither Error nor a format verb, an encoding or a
	// dump of the RefreshError repeats it, only Err.Error does. Log it only where such text may go.
	Err error `json:"-"`

	remedy string        // what is wrong and what to check, if more is known than the kind
	late   time.Duration // for how long a token had expired when it came
}

// Error says what all fields but Err hold, and what to check. It holds no secret, no claim and no
// response body.
func (e *RefreshError) Error() string {
	var details strings.Builder
	if e.Status != 0 {
		fmt.Fprintf(&details, ", HTTP %d", e.Status)
	}
	if e.Host != "" {
		details.WriteString(" from " + e.Host)
	}
	if e.Code != "" {
		details.WriteString(", " + e.Code)
	}
	if e.late > 0 {
		fmt.Fprintf(&details, ", expired for %v", e.late.Round(time.Millisecond))
	}
	if e.RetryAt.IsZero() {
		return fmt.Sprintf("entra: no new token: %s%s (attempt %d is under way): %s", e.Kind, &details, e.Attempt, e.advice())
	}
	return fmt.Sprintf("entra: no new token: %s%s (attempt %d, next at %s): %s; RefreshError.Err says more",
		e.Kind, &details, e.Attempt, e.RetryAt.UTC().Format(time.RFC3339), e.advice())
}

// noAnswerYet returns the error for an attempt that has not returned.
func noAnswerYet(attempt int) *RefreshError {
	return &RefreshError{
		Kind: KindTimedOut, Attempt: attempt, Err: errNoAnswerYet,
		remedy: "the credential has not answered yet, check network, DNS, proxy and firewall to Microsoft Entra, and whether it asks a person",
	}
}

// Unwrap gives errors.Is and errors.As the cause. It is the form for several errors: go-redis
// returns what a login's error unwraps to instead of the error itself, and that would be the
// credential's text.
func (e *RefreshError) Unwrap() []error { return []error{e.Err} }

// Format implements [fmt.Formatter] with the text of Error. It has a value receiver: without it fmt
// prints the fields of a RefreshError that is no pointer, Err included.
func (e RefreshError) Format(f fmt.State, verb rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), e.Error())
}

func (e *RefreshError) advice() string {
	if e.remedy != "" {
		return e.remedy
	}
	switch e.Kind {
	case KindNetwork:
		return "no usable answer from Microsoft Entra, check network, DNS and proxy; retrying"
	case KindThrottled:
		return "too many requests; retrying later"
	case KindRejected:
		if isMachineLocal(e.Host) {
			return "the managed identity endpoint gave none, check that this machine has an identity assigned, or use another credential"
		}
		return "the credential was refused, check its secret, certificate or identity assignment"
	case KindMalformed:
		return "the credential returned nothing usable, and RefreshError.Err says what it did: check it, and Options.Scope"
	case KindTimedOut:
		return "no answer from Microsoft Entra in time; retrying"
	}
	return "unknown"
}

// logAttrs describe the failure to a log.
func (e *RefreshError) logAttrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("kind", string(e.Kind)), slog.Int("attempt", e.Attempt)}
	if !e.RetryAt.IsZero() {
		attrs = append(attrs, slog.Time("retry_at", e.RetryAt))
	}
	return append(attrs, e.answerAttrs()...)
}

// answerAttrs describe to a log what came in place of a token, and from where.
func (e *RefreshError) answerAttrs() []slog.Attr {
	var attrs []slog.Attr
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status), slog.String("host", e.Host))
	}
	if e.Code != "" {
		attrs = append(attrs, slog.String("code", e.Code))
	}
	if e.late > 0 {
		attrs = append(attrs, slog.Duration("expired_for", e.late))
	}
	return attrs
}

// isMachineLocal reports whether an address is that of a managed identity endpoint. Azure offers
// these at a link-local, loopback or private address. Entra is reached by name.
func isMachineLocal(address string) bool {
	name := (&url.URL{Host: address}).Hostname()
	_, err := netip.ParseAddr(name)
	return err == nil || name == "localhost"
}

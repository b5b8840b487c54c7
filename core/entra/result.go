package entra

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/core/entra/internal/schedule"
)

// A result is how a request ended.
type result struct {
	*request
	returned azcore.AccessToken
	err      error
	timedOut bool           // the deadline of the request had passed
	response *http.Response // the last one, nil if the token came from a cache or no response came
	text     string         // of the credential's error
}

// httpAnswer returns the HTTP response that caused a failure, nil if there was none. azidentity's
// own error type would name it, but this package knows only azcore. The response that azcore's
// pipeline captured is the same one.
func (r result) httpAnswer() *http.Response {
	var re *azcore.ResponseError
	if errors.As(r.err, &re) && re != nil && re.RawResponse != nil {
		return re.RawResponse
	}
	if isProbed(r.response) {
		return nil
	}
	return r.response
}

// isProbed reports whether resp answers DefaultAzureCredential's probe for a managed identity
// endpoint. The probe lacks the header that a token needs, so its answer is always a refusal, and
// says nothing of the request for a token.
func isProbed(resp *http.Response) bool {
	return resp != nil && resp.Request != nil && resp.Request.URL != nil &&
		strings.HasPrefix(resp.Request.URL.Path, "/metadata/identity/") && resp.Request.Header.Get("Metadata") == ""
}

// classify returns the kind of a failed result.
func (r result) classify() Kind {
	if errors.As(r.err, new(unusable)) {
		return KindMalformed
	}
	if r.timedOut || errors.Is(r.err, context.DeadlineExceeded) || errors.Is(r.err, errStuck) {
		return KindTimedOut // a response in this request was not that of the last endpoint
	}
	if resp := r.httpAnswer(); resp != nil {
		return classifyStatus(resp.StatusCode)
	}
	return r.classifyText()
}

func classifyStatus(status int) Kind {
	switch {
	case status == http.StatusTooManyRequests:
		return KindThrottled
	case status == http.StatusRequestTimeout, status == http.StatusNotFound, status == http.StatusGone:
		// The managed identity endpoint says the last two while it starts or is updated.
		return KindNetwork
	case status >= 400 && status < 500:
		return KindRejected
	}
	return KindNetwork
}

// classifyText returns the kind of a failure without an HTTP answer. Credentials that run a command
// line tool have only the tool's text, and those that found nothing to ask with have only their own.
func (r result) classifyText() Kind {
	code := entraCode(r.text)
	switch {
	case isTransientCode(code):
		return KindNetwork
	case code != "", isUnavailable(r.err), remedyForTool(r.err, r.text) != "":
		return KindRejected
	}
	return KindNetwork
}

// needsOperator reports whether such a failure usually lasts until an operator acts. An empty or
// expired token is the issuer's trouble, and transient.
func (r result) needsOperator() bool {
	switch r.classify() {
	case KindRejected:
		return true
	case KindMalformed:
		return !errors.Is(r.err, errEmptyToken) && !errors.Is(r.err, errExpiredToken)
	case KindNetwork, KindThrottled, KindTimedOut:
	}
	return false
}

// refusedClaims reports whether a request with claims failed because of its claims: with a 400 from
// Entra, or in a credential that refuses claims without a request, as that of the Azure CLI does.
// azidentity marks what it returns for trouble on the way to Entra as not retriable, whatever it
// is.
func (r result) refusedClaims() bool {
	kind := r.classify()
	if kind != KindRejected && kind != KindNetwork {
		return false
	}
	if resp := r.httpAnswer(); resp != nil { // 401 and 403 are about the identity, not about the claims
		return resp.StatusCode == http.StatusBadRequest
	}
	var marked interface{ NonRetriable() }
	var onTheWay net.Error
	return !errors.As(r.err, &marked) && !errors.As(r.err, &onTheWay) && !errors.Is(r.err, context.Canceled)
}

// failure returns what the schedule needs to know.
func (r result) failure(wall time.Time) schedule.Failure {
	kind := r.classify()
	return schedule.Failure{
		WithClaims:    r.withClaims,
		OfClaims:      r.withClaims && r.refusedClaims(),
		Rejection:     kind == KindRejected,
		BadToken:      kind == KindMalformed,
		NeedsOperator: r.needsOperator(),
		RetryAfter:    r.retryAfter(wall),
	}
}

// retryAfter returns the wait that the server asked for, 0 if it did not.
func (r result) retryAfter(wall time.Time) time.Duration {
	resp := r.httpAnswer()
	if resp == nil || resp.StatusCode < 400 {
		return 0
	}
	// The first two are Azure's own, in milliseconds.
	for _, name := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if d, ok := parseUnits(resp.Header.Get(name), time.Millisecond); ok {
			return d
		}
	}
	text := resp.Header.Get("Retry-After")
	if d, ok := parseUnits(text, time.Second); ok {
		return d
	}
	if retryAt, err := http.ParseTime(text); err == nil {
		if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			wall = date // both times come from the server's clock
		}
		return max(0, retryAt.Sub(wall))
	}
	return 0
}

// refreshError returns the failure for callers: the number of failures in a row, when the next request
// is due, and by how much a token had expired by the wall clock.
func (r result) refreshError(failures int, retryAt, wall time.Time) *RefreshError {
	text := r.text
	if errors.As(r.err, new(unusable)) || errors.Is(r.err, errStuck) {
		text = r.err.Error()
	}
	e := &RefreshError{Kind: r.classify(), Code: entraCode(r.text), Attempt: failures, RetryAt: retryAt, Err: newQuoted(r.err, text)}
	switch e.Kind {
	case KindRejected:
		e.remedy = remedyFor(r)
	case KindMalformed:
		e.remedy = remedyForUnusable(r.err)
		if errors.Is(r.err, errExpiredToken) && !r.returned.ExpiresOn.IsZero() {
			e.late = max(0, wall.Round(0).Sub(r.returned.ExpiresOn.Round(0)))
		}
	case KindNetwork, KindThrottled, KindTimedOut: // a retry helps
	}
	if resp := r.httpAnswer(); resp != nil && resp.StatusCode >= 400 && e.Kind != KindMalformed && e.Kind != KindTimedOut {
		e.Status = resp.StatusCode
		if resp.Request != nil && resp.Request.URL != nil {
			e.Host = resp.Request.URL.Host
		}
	}
	return e
}

// logAttrs describe the failure e of this result to a log at debug level. They name the credentials
// that were tried, if none of them found anything to ask with.
func (r result) logAttrs(e *RefreshError) []slog.Attr {
	attrs := e.logAttrs()
	if r.httpAnswer() == nil && isUnavailable(r.err) {
		attrs = append(attrs, slog.String("tried", attempted(r.text)))
	}
	return attrs
}

// parseUnits reads a number of units. It refuses negative numbers, and returns the longest Duration
// for larger ones.
func parseUnits(text string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, false
	}
	if n > math.MaxInt64/int64(unit) {
		return math.MaxInt64, true
	}
	return time.Duration(n) * unit, true
}

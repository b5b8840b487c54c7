package entra

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// answer returns the HTTP response behind a failure, nil if there was none. azidentity's own error type would name
// it, but this package knows azcore alone; the response that azcore's pipeline captured is the same one.
func (r result) answer() *http.Response {
	if re, ok := errors.AsType[*azcore.ResponseError](r.err); ok && re != nil && re.RawResponse != nil {
		return re.RawResponse
	}
	if isProbed(r.response) {
		return nil
	}
	return r.response
}

// isProbed reports whether resp answers the question of DefaultAzureCredential whether there is a managed identity
// endpoint at all. That is asked without the header that a token needs, so the answer is always a refusal, and what
// became of the request for a token it does not tell.
func isProbed(resp *http.Response) bool {
	return resp != nil && resp.Request != nil && resp.Request.URL != nil &&
		strings.HasPrefix(resp.Request.URL.Path, "/metadata/identity/") && resp.Request.Header.Get("Metadata") == ""
}

// kind classifies a failed result.
func (r result) kind() Kind {
	if _, ok := errors.AsType[unusable](r.err); ok {
		return KindMalformed
	}
	if r.timedOut || errors.Is(r.err, context.DeadlineExceeded) || errors.Is(r.err, errStuck) {
		return KindTimedOut // an earlier answer in this attempt was not that of the last endpoint asked
	}
	if resp := r.answer(); resp != nil {
		switch code := resp.StatusCode; {
		case code == http.StatusTooManyRequests:
			return KindThrottled
		case code == http.StatusRequestTimeout, code == http.StatusNotFound, code == http.StatusGone:
			// The managed identity endpoint says the last two while it starts or is updated.
			return KindNetwork
		case code >= 400 && code < 500:
			return KindRejected
		}
	}
	return KindNetwork
}

// needsSomebody reports whether such a failure usually lasts until a person mends something. A token that is empty or
// has expired is the trouble of whoever issued it.
func (r result) needsSomebody() bool {
	switch r.kind() {
	case KindRejected:
		return true
	case KindMalformed:
		return !errors.Is(r.err, errEmptyToken) && !errors.Is(r.err, errExpiredToken)
	}
	return false
}

// refusedClaims reports whether the failure of an attempt with claims was a definite no to the claims: a 400 from Entra,
// or from a credential that takes none and said so without a request, as the one of the Azure CLI does. What
// azidentity returns for trouble on the way to Entra is marked as not retriable, whatever it is.
func (r result) refusedClaims() bool {
	switch r.kind() {
	case KindRejected: // 401 and 403 speak of who asks, not of what is asked
		resp := r.answer()
		return resp != nil && resp.StatusCode == http.StatusBadRequest
	case KindNetwork:
		var marked interface{ NonRetriable() }
		var onTheWay net.Error
		return r.answer() == nil && !errors.As(r.err, &marked) && !errors.As(r.err, &onTheWay) && !errors.Is(r.err, context.Canceled)
	}
	return false
}

// retryAfter returns how long the server asked to be left alone, 0 if it did not.
func (r result) retryAfter(now time.Time) time.Duration {
	resp := r.answer()
	if resp == nil || resp.StatusCode < 400 {
		return 0
	}
	// The first two are Azure's own, in milliseconds.
	for _, name := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if d, ok := whole(resp.Header.Get(name), time.Millisecond); ok {
			return d
		}
	}
	text := resp.Header.Get("Retry-After")
	if d, ok := whole(text, time.Second); ok {
		return d
	}
	if at, err := http.ParseTime(text); err == nil {
		if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			now = date // the server's own clock, which at is read from too
		}
		return max(0, at.Sub(now))
	}
	return 0
}

// whole reads a number of units that is neither negative nor longer than a Duration can say.
func whole(text string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, false
	}
	if n > math.MaxInt64/int64(unit) {
		return math.MaxInt64, true
	}
	return time.Duration(n) * unit, true
}

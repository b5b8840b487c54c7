package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra/internal/clock"
)

// A request is one call to the credential, in a goroutine of its own: some credentials ignore their
// context (azidentity does while another call holds its lock). An Observer knows it as an attempt.
type request struct {
	number     int // within its refresh
	withClaims bool
	began      clock.Instant
	abandonAt  clock.Instant   // when the renewer abandons it; may be clock.Never
	ctx        context.Context // what AttemptStart returned
	cancel     context.CancelFunc
}

// emptyClaims are no claims in particular. They make azidentity's service principals and managed
// identities pass their token caches.
const emptyClaims = "{}"

var (
	errStuck       = errors.New("entra: the credential did not return although its deadline has passed")
	errNoAnswerYet = errors.New("entra: the credential has not returned yet")
)

// send makes the call and delivers its result, whatever the credential does.
func (req *request) send(ctx context.Context, cred azcore.TokenCredential, scope string, deliver func(result)) {
	defer req.cancel()
	res := result{request: req, err: errNoReturn}
	var response *http.Response
	defer func() {
		if p := recover(); p != nil {
			res.err = unusable(fmt.Sprintf("entra: the credential panicked: %v", p))
		}
		res.timedOut = errors.Is(ctx.Err(), context.DeadlineExceeded)
		deliver(res)
	}()
	options := policy.TokenRequestOptions{Scopes: []string{scope}}
	if req.withClaims {
		options.Claims = emptyClaims
	}
	// azcore's own retries would keep one call busy for up to 8 minutes and lose the status and
	// Retry-After.
	ctx = policy.WithRetryOptions(ctx, policy.RetryOptions{MaxRetries: -1})
	ctx = policy.WithCaptureResponse(ctx, &response)
	res.returned, res.err = cred.GetToken(ctx, options)
	if ctx.Err() == nil { // otherwise a goroutine of the credential may still write response
		res.response = response
	}
	if res.err != nil {
		res.text = fmt.Sprint(res.err) // Sprint survives an Error method that panics
		_ = res.refusedClaims()        // the error's other methods may panic: better here than in the renewer
	}
}

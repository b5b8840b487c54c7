package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// An attempt is one call to the credential, in a goroutine of its own, because credentials have been seen to
// ignore their context (azidentity does while another call holds its lock).
type attempt struct {
	number  int  // within its refresh
	claims  bool // asks past the credential's cache
	began   instant
	overdue instant         // when the renewer stops waiting for it
	ctx     context.Context // what AttemptStart returned
	cancel  context.CancelFunc
}

// A result is how an attempt ended.
type result struct {
	*attempt
	token    azcore.AccessToken
	err      error
	timedOut bool           // its deadline had passed
	response *http.Response // the last one, nil if there was none: the token came from a cache, or no answer at all
	text     string         // of the credential's error
}

// noClaims asks Entra for nothing in particular. Its presence alone makes azidentity's service principals and
// managed identities pass over their token caches.
const noClaims = "{}"

var errStuck = errors.New("entra: the credential did not return although its deadline has passed")

// ask makes the call and delivers its result, whatever the credential does.
func (a *attempt) ask(ctx context.Context, cred azcore.TokenCredential, scope string, deliver func(result)) {
	defer a.cancel()
	res := result{attempt: a, err: errNoReturn}
	var answered *http.Response
	defer func() {
		if p := recover(); p != nil {
			res.err = unusable(fmt.Sprintf("entra: the credential panicked: %v", p))
		}
		res.timedOut = errors.Is(ctx.Err(), context.DeadlineExceeded)
		deliver(res)
	}()
	opts := policy.TokenRequestOptions{Scopes: []string{scope}}
	if a.claims {
		opts.Claims = noClaims
	}
	// azcore's own retries would keep one call busy for up to 8 minutes and lose the status and Retry-After.
	ctx = policy.WithRetryOptions(ctx, policy.RetryOptions{MaxRetries: -1})
	ctx = policy.WithCaptureResponse(ctx, &answered)
	res.token, res.err = cred.GetToken(ctx, opts)
	if ctx.Err() == nil { // else what the credential left behind may still be writing
		res.response = answered
	}
	if res.err != nil {
		res.text = fmt.Sprint(res.err) // which survives an Error method that panics
		_ = res.refusedClaims()        // the error's other methods may panic too: better here than in the renewer
	}
}

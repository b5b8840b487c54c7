package entratest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

type directCredential struct{ sts *STS }

// GetToken blocks only for faults that wait.
func (c directCredential) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if err := ctx.Err(); err != nil {
		return azcore.AccessToken{}, fmt.Errorf("entratest: %w", err)
	}
	if len(opts.Scopes) != 1 {
		return azcore.AccessToken{}, errors.New("entratest: a token is for one scope")
	}
	form := url.Values{"scope": opts.Scopes}
	if opts.Claims != "" {
		form.Set("claims", opts.Claims)
	}
	c.sts.record(Request{At: time.Now(), Endpoint: Direct, Form: form, Header: http.Header{}})
	f, err := c.sts.strike(ctx, Direct)
	switch {
	case err != nil:
		return azcore.AccessToken{}, fmt.Errorf("entratest: %w", err)
	case f.Status == http.StatusOK:
		f.Token = f.Body
		if f.Token == "" {
			return azcore.AccessToken{ExpiresOn: c.sts.clock.now().Add(DefaultLifetime)}, nil
		}
	case f.Status != 0:
		return azcore.AccessToken{}, authenticationFailed(ctx, f)
	}
	t, err := c.sts.issuer.issue(tokenRequest{
		audience: strings.TrimSuffix(opts.Scopes[0], "/.default"), tenant: TenantID, client: ClientID, fault: f,
	})
	if err != nil {
		return azcore.AccessToken{}, err
	}
	token := azcore.AccessToken{Token: t.value, ExpiresOn: t.expiresOn}
	if t.refreshIn > 0 {
		token.RefreshOn = t.issuedAt.Add(t.refreshIn)
	}
	return token, nil
}

// authenticationFailed is azidentity's own error; the request is there because its Error method prints it.
func authenticationFailed(ctx context.Context, f Fault) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://login.microsoftonline.com/"+TenantID+"/oauth2/v2.0/token", nil)
	if err != nil {
		return fmt.Errorf("entratest: %w", err)
	}
	return &azidentity.AuthenticationFailedError{RawResponse: f.answer().response(r)}
}

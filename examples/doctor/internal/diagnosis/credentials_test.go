package diagnosis_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/uuid"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
)

// A dated transport asks a fake Entra, whose answers say a date by a clock of its own.
type dated struct {
	sts   *entratest.STS
	stage stage
}

func (d dated) Do(req *http.Request) (*http.Response, error) {
	resp, err := d.sts.Do(req)
	if err == nil && !d.stage.isStill {
		resp.Header.Set("Date", time.Now().Add(-d.stage.ahead).UTC().Format(http.TimeFormat))
	}
	return resp, err
}

// says returns Entra's refusal with a code.
func says(status, code int) entratest.Fault {
	return entratest.Fault{Status: status, Body: fmt.Sprintf(
		`{"error":"invalid_request","error_codes":[%d],"error_description":"AADSTS%d: %s"}`, code, code, bodyOfEntra)}
}

// servicePrincipal is azidentity's own, and asks transport.
func servicePrincipal(t *testing.T, transport policy.Transporter, dates *diagnosis.Dates) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewClientSecretCredential(entratest.TenantID, entratest.ClientID, entratest.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: azcore.ClientOptions{
			Transport: transport, PerRetryPolicies: []policy.Policy{dates},
		}})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func managedIdentity(t *testing.T, transport policy.Transporter, dates *diagnosis.Dates) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: azcore.ClientOptions{Transport: transport, PerRetryPolicies: []policy.Policy{dates}},
		ID:            azidentity.ClientID(uuid.NewString()), // its cache is that of the process
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func direct(sts *entratest.STS) azcore.TokenCredential { return sts.Credential() }

// An expiredCredential returns a token that has expired, as a cache does whose clock is slow.
type expiredCredential struct{ azcore.TokenCredential }

func expired(sts *entratest.STS) azcore.TokenCredential {
	return expiredCredential{sts.Credential()}
}

func (c expiredCredential) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.TokenCredential.GetToken(ctx, opts)
	token.ExpiresOn = time.Now().Add(-10 * time.Minute)
	return token, err
}

// An unavailableCredential has nothing to ask with.
type unavailableCredential string

func unavailable(words string) func(*entratest.STS) azcore.TokenCredential {
	return func(*entratest.STS) azcore.TokenCredential { return unavailableCredential(words) }
}

func (c unavailableCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, azidentity.NewCredentialUnavailableError(string(c))
}

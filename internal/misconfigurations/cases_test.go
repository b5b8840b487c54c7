package misconfigurations

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/uuid"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A misconfiguration is one thing that is wrong.
type misconfiguration struct {
	name  string
	cred  func(*testing.T, *entratest.STS) azcore.TokenCredential
	fault entratest.Fault // of Entra, if it is not zero, which does nothing
	dial  dialFunc        // instead of the network's
	kind  entra.Kind      // of the *RefreshError that each caller must get, empty if it is none
}

// says returns Entra's refusal with a code.
func says(status, code int, words string) entratest.Fault {
	return entratest.Fault{Status: status, Body: fmt.Sprintf(
		`{"error":"invalid_request","error_codes":[%d],"error_description":"AADSTS%d: %s"}`, code, code, words)}
}

func misconfigurations() []misconfiguration {
	entraSays := func(name string, status, code int, words string) misconfiguration {
		return misconfiguration{name: name, cred: clientSecret, fault: says(status, code, words), kind: entra.KindRejected}
	}
	return []misconfiguration{
		entraSays("wrong client secret", 401, 7000215, "Invalid client secret provided."),
		entraSays("expired client secret", 401, 7000222, "The provided client secret keys are expired."),
		entraSays("wrong client id", 400, 700016, "Application with identifier 'x' was not found."),
		entraSays("wrong tenant or cloud", 400, 90002, "Tenant 'x' not found."),
		entraSays("wrong resource", 400, 650057, "Invalid resource."),
		entraSays("wrong scope", 400, 1002012, "The provided value for scope is not valid."),
		entraSays("wrong federated credential", 401, 700213, "No matching federated identity record found."),
		entraSays("wrong clock", 401, 700024, "Client assertion is not within its valid time range."),
		entraSays("conditional access", 400, 53003, "Access has been blocked by Conditional Access policies."),
		entraSays("a program that loops", 400, 50196, "The server terminated an operation."),
		{name: "too many requests", cred: clientSecret, fault: entratest.Fault{Status: 429, RetryAfter: "30"}, kind: entra.KindThrottled},
		{name: "Entra is down", cred: clientSecret, fault: entratest.Fault{Status: 503}, kind: entra.KindNetwork},
		{name: "no route to Entra", cred: clientSecret, fault: entratest.Fault{Refuse: true}, kind: entra.KindNetwork},
		{name: "firewall to Entra", cred: clientSecret, fault: entratest.Fault{Hang: true}, kind: entra.KindTimedOut},
		{name: "managed identity not assigned", cred: managedIdentity, kind: entra.KindRejected,
			fault: entratest.Fault{Status: 400, Body: `{"error":"invalid_request","error_description":"Identity not found"}`}},
		{name: "no identity at all", cred: unavailable("DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:" +
			"\n\tEnvironmentCredential: missing environment variable AZURE_TENANT_ID\n\tAzureCLICredential: executable not found on path"), kind: entra.KindRejected},
		{name: "no az", cred: unavailable("AzureCLICredential: executable not found on path"), kind: entra.KindRejected},
		{name: "az not signed in", cred: unavailable("AzureCLICredential: ERROR: Please run 'az login' to setup account."), kind: entra.KindRejected},
		{name: "az sign-in expired", cred: unavailable("AzureCLICredential: ERROR: AADSTS70043: The refresh token has expired."), kind: entra.KindRejected},
		{name: "token without oid", cred: clientSecret, fault: entratest.Fault{NoObjectID: true}, kind: entra.KindMalformed},
		{name: "firewall to Redis", cred: clientSecret, dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // that of a net.Dialer which rueidis sets
			defer cancel()
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
		}},
		{name: "wrong port of Redis", cred: clientSecret, dial: func(_ context.Context, network, addr string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: %w", addr, syscall.ECONNREFUSED)}
		}},
	}
}

func clientSecret(t *testing.T, sts *entratest.STS) azcore.TokenCredential {
	t.Helper()
	cred, err := sts.ClientSecretCredential()
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func managedIdentity(t *testing.T, sts *entratest.STS) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: sts.ClientOptions(), ID: azidentity.ClientID(uuid.NewString()), // its cache is that of the process
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

// An unavailableCredential has nothing to ask with.
type unavailableCredential string

func unavailable(words string) func(*testing.T, *entratest.STS) azcore.TokenCredential {
	return func(*testing.T, *entratest.STS) azcore.TokenCredential { return unavailableCredential(words) }
}

func (c unavailableCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	<-time.After(answersAfter)
	return azcore.AccessToken{}, azidentity.NewCredentialUnavailableError(string(c))
}

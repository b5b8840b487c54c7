//go:build newest

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

// A misconfiguration is one thing that is wrong. What each caller must get is one of the last three.
type misconfiguration struct {
	name    string
	cred    func(*testing.T, *entratest.STS) azcore.TokenCredential
	user    string          // Options.Username
	fault   entratest.Fault // of Entra, if it is not zero, which does nothing
	server  server
	dial    dialFunc // instead of the network's
	overTLS bool     // the client speaks TLS
	host    string   // that the client looks for in the certificate, instead of the server's address

	kind    entra.Kind // of the *RefreshError
	refusal string     // a part of the text of the *AuthError
	network string     // a part of what the network says
	isMute  bool       // the server says nothing, so the library cannot know more than that
}

// A server is what is special about the Redis server, whose zero value is what the clients expect.
type server struct {
	dialect  entratest.Dialect
	refuses  string // every AUTH, with that line
	withTLS  bool
	isSilent bool // it takes connections, and answers nothing
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
	all := []misconfiguration{
		entraSays("wrong client secret", 401, 7000215, "Invalid client secret provided."),
		entraSays("expired client secret", 401, 7000222, "The provided client secret keys are expired."),
		entraSays("wrong client id", 400, 700016, "Application with identifier 'x' was not found."),
		entraSays("wrong tenant or cloud", 400, 90002, "Tenant 'x' not found."),
		entraSays("wrong resource", 400, 650057, "Invalid resource."),
		entraSays("wrong scope", 400, 1002012, "The provided value for scope is not valid."),
		entraSays("wrong federated credential", 401, 700213, "No matching federated identity record found."),
		entraSays("wrong clock", 401, 700024, "Client assertion is not within its valid time range."),
		entraSays("conditional access", 400, 53003, "Access has been blocked by Conditional Access policies."),
		entraSays("disabled identity", 401, 7000112, "Application 'x' is disabled."),
		entraSays("wrong user name or password", 400, 50126, "Error validating credentials due to invalid username or password."),
		entraSays("locked account", 400, 50053, "The account is locked."),
		entraSays("second factor", 400, 50076, "You must use multi-factor authentication to access 'x'."),
		entraSays("another refusal", 400, 500021, "Access to 'x' tenant is denied."),
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
		{name: "azd not signed in", cred: unavailable("AzureDeveloperCLICredential: ERROR: not logged in, run `azd auth login` to login"), kind: entra.KindRejected},
		{name: "PowerShell not signed in", cred: unavailable("AzurePowerShellCredential: Please run Connect-AzAccount to set up account."), kind: entra.KindRejected},
		{name: "PowerShell without Az.Accounts", cred: unavailable("AzurePowerShellCredential: Az.Accounts module not found"), kind: entra.KindRejected},
		{name: "sign-in by a person", cred: unavailable("InteractiveBrowserCredential can't acquire a token without user interaction"), kind: entra.KindRejected},
		{name: "empty token", cred: direct, fault: entratest.Fault{Status: 200}, kind: entra.KindMalformed},
		{name: "token without oid", cred: clientSecret, fault: entratest.Fault{NoObjectID: true}, kind: entra.KindMalformed},
		{name: "token that has expired", cred: expired, kind: entra.KindMalformed},
		{name: "wrong audience", cred: clientSecret, fault: entratest.Fault{Claims: map[string]any{"aud": "https://vault.azure.net"}},
			refusal: "the token is not for Redis: leave Options.Scope empty"},
		{name: "client id as the user name", cred: clientSecret, user: entratest.ClientID,
			refusal: "Options.Username is the client id of the identity, and Redis knows it by its object id"},
		{name: "server without passwords", cred: clientSecret, refusal: "this server has no password set",
			server: server{refuses: "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"}},
		{name: "server without AUTH", cred: clientSecret, refusal: "check that the address is a Redis server of version 6 or later",
			server: server{refuses: "ERR unknown command 'AUTH', with args beginning with: "}},
		{name: "policy that forbids", cred: clientSecret, refusal: "check the permissions that the identity's access policy grants on this cache",
			server: server{refuses: "NOPERM this user has no permissions to run the 'auth' command"}},
		{name: "protected mode", cred: clientSecret, refusal: "check the server's protected mode, firewall and network settings",
			server: server{refuses: "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user."}},
		{name: "server in trouble", cred: clientSecret, refusal: "check the state of the server",
			server: server{refuses: "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."}},
		// redis-server waits for the end of the line that it takes the ClientHello for, and resets what is no ClientHello.
		{name: "TLS to a port without TLS", cred: clientSecret, overTLS: true, server: server{isSilent: true}, network: "deadline exceeded", isMute: true},
		{name: "TLS to a port of another protocol", cred: clientSecret, overTLS: true, dial: toHTTP, network: "first record does not look like a TLS handshake"},
		{name: "no TLS to a port with TLS", cred: clientSecret, server: server{withTLS: true}, network: "connection reset", isMute: true},
		{name: "firewall to Redis", cred: clientSecret, network: "dial tcp", dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // that of a net.Dialer which rueidis sets
			defer cancel()
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
		}},
		{name: "certificate of another host", cred: clientSecret, overTLS: true, host: "cache.contoso.com", server: server{withTLS: true}, network: "x509: "},
		{name: "unknown host", cred: clientSecret, network: "no such host", dial: func(_ context.Context, network, _ string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: "contoso.redis.cache.windows.net", IsNotFound: true}}
		}},
		{name: "wrong port of Redis", cred: clientSecret, network: "connection refused", dial: func(_ context.Context, network, addr string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: %w", addr, syscall.ECONNREFUSED)}
		}},
	}
	seen := map[string]bool{}
	for _, d := range entratest.Dialects() {
		if seen[d.WrongPassword] {
			continue
		}
		seen[d.WrongPassword] = true
		all = append(all, misconfiguration{
			name: "no assignment, " + d.Name, cred: clientSecret, server: server{dialect: d, refuses: d.WrongPassword},
			refusal: "check that the identity has an access policy assignment on this cache",
		})
	}
	return all
}

func clientSecret(t *testing.T, sts *entratest.STS) azcore.TokenCredential {
	t.Helper()
	cred, err := sts.ClientSecretCredential()
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func direct(_ *testing.T, sts *entratest.STS) azcore.TokenCredential { return sts.Credential() }

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

// An expiredCredential returns a token that has expired, as a cache does whose clock is slow.
type expiredCredential struct{ azcore.TokenCredential }

func expired(_ *testing.T, sts *entratest.STS) azcore.TokenCredential {
	return expiredCredential{sts.Credential()}
}

func (c expiredCredential) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.TokenCredential.GetToken(ctx, opts)
	token.ExpiresOn = time.Now().Add(-10 * time.Minute)
	return token, err
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

// toHTTP returns a connection to a server that answers in HTTP.
func toHTTP(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		if _, err := server.Read(make([]byte, 16<<10)); err == nil {
			_, _ = server.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		}
	}()
	return client, nil
}

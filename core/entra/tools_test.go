package entra_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraredis/entraredis/core/entra"
)

// A notRetriable error is marked as azidentity marks all of its own.
type notRetriable struct{ text string }

func (e *notRetriable) Error() string { return e.text }
func (*notRetriable) NonRetriable()   {}

// A toolError is one without an HTTP answer that waiting does not mend.
type toolError struct {
	err    error
	remedy string // a part of what to do
}

// toolErrors are in the words of azidentity 1.15, az 2.6x, azd 1.1x and Az.Accounts 2.x.
func toolErrors() map[string]toolError {
	code := func(code, words, remedy string) toolError {
		return toolError{&notRetriable{"AzureCLICredential: ERROR: " + code + ": " + words + " Trace ID: 1"}, remedy}
	}
	nothing := azidentity.NewCredentialUnavailableError("DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:" +
		"\n\tEnvironmentCredential: missing environment variable AZURE_TENANT_ID" +
		"\n\tManagedIdentityCredential: managed identity timed out. The probe\n\t\tBODY of an answer" +
		"\n\tAzureCLICredential: executable not found on path" +
		"\n\tAzureDeveloperCLICredential: ERROR: not logged in, run `azd auth login` to login")
	return map[string]toolError{
		"az: session expired":          code("AADSTS70043", "The refresh token has expired or is invalid", "sign in again"),
		"az: refresh token expired":    code("AADSTS700082", "The refresh token has expired due to inactivity.", "sign in again"),
		"az: second factor":            code("AADSTS50076", "you must use multi-factor authentication", "second factor"),
		"az: conditional access":       code("AADSTS53003", "Access has been blocked", "conditional access"),
		"az: loop":                     code("AADSTS50196", "a client request loop", "loop of requests"),
		"az: wrong tenant":             code("AADSTS90002", "Tenant 'x' not found.", "tenant"),
		"az: wrong resource":           code("AADSTS650057", "Invalid resource.", "Options.Scope"),
		"az: code of no renown":        code("AADSTS7777777", "Something.", "credential was refused"),
		"az: not signed in":            {&notRetriable{"AzureCLICredential: ERROR: Please run 'az login' to setup account."}, "run az login"},
		"azd: not signed in":           {&notRetriable{"AzureDeveloperCLICredential: not logged in, run `azd auth login` to login"}, "run azd auth login"},
		"PowerShell: not signed in":    {&notRetriable{`AzurePowerShellCredential: Please run "Connect-AzAccount" to set up an account`}, "run Connect-AzAccount"},
		"PowerShell: no module":        {&notRetriable{"AzurePowerShellCredential: Az.Accounts module not found"}, "install Az.Accounts"},
		"no az":                        {azidentity.NewCredentialUnavailableError("AzureCLICredential: executable not found on path"), "was not found"},
		"no program":                   {&exec.Error{Name: "my-token-tool", Err: exec.ErrNotFound}, "was not found"},
		"no identity":                  {nothing, "found no identity"},
		"no identity, unwrapped words": {azidentity.NewCredentialUnavailableError("ManagedIdentityCredential: no identity"), "found no identity"},
		"needs a person": {azidentity.NewCredentialUnavailableError("DeviceCodeCredential can't acquire a token without user interaction. " +
			"Call Authenticate to authenticate a user interactively"), "Authenticate"},
	}
}

func TestErrorsOfToolsSayWhatToDo(t *testing.T) {
	for name, tt := range toolErrors() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, log := firstFailure(t, during(func(call) bool { return true }, failWith(tt.err)))
				if got.Kind != entra.KindRejected || got.Status != 0 || !strings.Contains(got.Error(), tt.remedy) || !strings.Contains(log, tt.remedy) {
					t.Errorf("%v\n%s", got, log)
				}
			})
		})
	}
}

// What a tool says of the network is no rejection.
func TestErrorsOfToolsThatAreNoRejections(t *testing.T) {
	for name, err := range map[string]error{
		"no network":       &notRetriable{"AzureCLICredential: ERROR: HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded"},
		"transient":        &notRetriable{"AzureCLICredential: ERROR: AADSTS90033: A transient error has occurred."},
		"killed":           &notRetriable{"AzureCLICredential: signal: killed"},
		"not azidentity's": errors.New("no identity"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got, _ := firstFailure(t, during(func(call) bool { return true }, failWith(err))); got.Kind != entra.KindNetwork {
					t.Errorf("%v", got)
				}
			})
		})
	}
}

// The debug line names what was tried, and quotes no answer.
func TestLogNamesTheCredentialsThatFoundNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cred := during(func(call) bool { return true }, failWith(toolErrors()["no identity"].err))
		src := newSource(t, cred, &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		time.Sleep(time.Second)
		_ = src.Close() // which ends the writing to log
		for _, part := range []string{"DefaultAzureCredential: failed", "missing environment variable AZURE_TENANT_ID", "executable not found", "azd auth login"} {
			if !strings.Contains(log.String(), part) {
				t.Errorf("no %q in %s", part, &log)
			}
		}
		if strings.Contains(log.String(), "BODY") {
			t.Errorf("quotes an answer: %s", &log)
		}
	})
}

// A credential that refuses claims in words about a sign-in is not rejected for it.
func TestToolThatRefusesClaimsKeepsItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := errors.New("AzureCLICredential.GetToken(): Azure CLI requires multifactor authentication or additional claims. " +
			"Run this command then retry the operation: az login --claims-challenge e30=")
		cred := newCachingTool(refusal)
		src := newSource(t, cred, nil)
		for range 12 {
			_, superseded := src.Latest()
			<-superseded
			if got := src.Status(); got.Failures != 0 || got.Health != entra.HealthReady {
				t.Errorf("%s: %s", got.Health, got.Reason)
			}
		}
		for _, c := range cred.seen()[3:] {
			if c.claims != "" && c.at.Sub(cred.seen()[0].at) < 12*time.Hour {
				t.Errorf("claims again after %v", c.at.Sub(cred.seen()[0].at))
			}
		}
	})
}

// newCachingTool returns a credential as az is: it returns the same token until 5 minutes before the
// expiry, and refuses claims.
func newCachingTool(refusal error) *credential {
	var cached azcore.AccessToken
	return &credential{answer: func(_ context.Context, c call) (azcore.AccessToken, error) {
		switch {
		case c.claims != "":
			return azcore.AccessToken{}, refusal
		case cached.ExpiresOn.Sub(c.at) < 5*time.Minute:
			cached = mint(c, life)
		}
		return cached, nil
	}}
}

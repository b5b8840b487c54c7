package entra_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// firstFailure returns what the Source says of the first failed attempt, and what it logs.
func firstFailure(t *testing.T, cred azcore.TokenCredential) (*entra.RefreshError, string) {
	t.Helper()
	var log bytes.Buffer
	src := newSource(t, cred, &entra.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for src.Status().Err == nil {
		time.Sleep(time.Second / 4)
	}
	var got *entra.RefreshError
	if !errors.As(src.Status().Err, &got) {
		t.Fatalf("%v is no RefreshError", src.Status().Err)
	}
	_ = src.Close() // which ends the writing to log
	return got, log.String()
}

// defaultCredential is what most programs use. On a machine without any identity it comes to ask
// the managed identity endpoint, after a probe that is always refused.
func defaultCredential(t testing.TB, sts *entratest.STS) azcore.TokenCredential {
	t.Helper()
	for _, name := range []string{"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_TOKEN_CREDENTIALS", "IDENTITY_ENDPOINT", "MSI_ENDPOINT", "PATH"} {
		t.Setenv(name, "") // which restores it, for an empty one is not one that is missing
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	cred, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: sts.ClientOptions()})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func TestRefreshErrorSaysWhoRefusedAndWhatToCheck(t *testing.T) {
	const login, imds = "login.microsoftonline.com", "169.254.169.254"
	for _, tt := range []struct {
		name  string
		cred  func(testing.TB, *entratest.STS) azcore.TokenCredential
		fault entratest.Fault
		want  entra.RefreshError
		text  string
	}{
		{"wrong secret", secretCredential,
			entratest.Fault{Status: 401, Body: `{"error":"invalid_client","error_codes":[7000215],"error_description":"AADSTS7000215: Invalid client secret provided. ` + secretMark + `"}`},
			entra.RefreshError{Kind: entra.KindRejected, Status: 401, Host: login, Code: "AADSTS7000215"}, "check its secret"},
		{"wrong tenant", secretCredential,
			entratest.Fault{Status: 400, Body: `{"error":"invalid_request","error_codes":[90002],"error_description":"AADSTS90002: Tenant 'x' not found. ` + secretMark + `"}`},
			entra.RefreshError{Kind: entra.KindRejected, Status: 400, Host: login, Code: "AADSTS90002"}, "check the tenant id"},
		{"loop", secretCredential,
			entratest.Fault{Status: 400, Body: `{"error":"invalid_grant","error_codes":[50196],"error_description":"AADSTS50196: The server terminated an operation ` + secretMark + `"}`},
			entra.RefreshError{Kind: entra.KindRejected, Status: 400, Host: login, Code: "AADSTS50196"}, "loop of requests"},
		{"throttled", secretCredential, entratest.Fault{Status: 429, Body: secretMark},
			entra.RefreshError{Kind: entra.KindThrottled, Status: 429, Host: login}, "retrying later"},
		{"outage", secretCredential, entratest.Fault{Status: 503},
			entra.RefreshError{Kind: entra.KindNetwork, Status: 503, Host: login, Code: "AADSTS90033"}, "retrying"},
		{"unreachable", secretCredential, entratest.Fault{Refuse: true},
			entra.RefreshError{Kind: entra.KindNetwork}, "check network"},
		{"identity that is not assigned", managedIdentity, entratest.Fault{Status: 400, Body: `{"error":"invalid_request","error_description":"Identity not found"}`},
			entra.RefreshError{Kind: entra.KindRejected, Status: 400, Host: imds}, "check that this machine has an identity"},
		{"no identity at all", defaultCredential, entratest.Fault{Status: 400, Body: `{"error":"invalid_request","error_description":"Identity not found"}`},
			entra.RefreshError{Kind: entra.KindRejected, Status: 400, Host: imds}, "check that this machine has an identity"},
		{"proxy in the way", defaultCredential, entratest.Fault{Status: 403, Body: "denied"},
			entra.RefreshError{Kind: entra.KindRejected, Status: 403, Host: imds}, "check that this machine has an identity"},
		{"no endpoint", defaultCredential, entratest.Fault{Endpoint: entratest.IMDSProbe, Refuse: true},
			entra.RefreshError{Kind: entra.KindRejected}, "found no identity to use"},
		{"endpoint that breaks off after the probe", defaultCredential, entratest.Fault{Refuse: true},
			entra.RefreshError{Kind: entra.KindNetwork}, "check network"},
		{"endpoint that hangs after the probe", defaultCredential, entratest.Fault{Hang: true},
			entra.RefreshError{Kind: entra.KindTimedOut}, "in time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sts := entratest.NewSTS(nil)
			cred := tt.cred(t, sts)
			synctest.Test(t, func(t *testing.T) {
				sts.Inject(tt.fault)
				got, log := firstFailure(t, cred)
				if got.Kind != tt.want.Kind || got.Status != tt.want.Status || got.Host != tt.want.Host || got.Code != tt.want.Code {
					t.Errorf("%s, HTTP %d from %q, code %q", got.Kind, got.Status, got.Host, got.Code)
				}
				for _, part := range []string{tt.text, string(tt.want.Kind), tt.want.Host, tt.want.Code} {
					if !strings.Contains(got.Error(), part) {
						t.Errorf("%q does not say %q", got.Error(), part)
					}
				}
				if tt.want.Status != 0 && (!strings.Contains(got.Error(), fmt.Sprintf("HTTP %d", tt.want.Status)) ||
					!strings.Contains(log, fmt.Sprintf("status=%d host=%s", tt.want.Status, tt.want.Host))) {
					t.Errorf("status missing in %q or %q", got.Error(), log)
				}
				if tt.want.Code != "" && !strings.Contains(log, "code="+tt.want.Code) {
					t.Errorf("code missing in %q", log)
				}
				if text := got.Error() + log; strings.Contains(text, secretMark) {
					t.Errorf("quotes the answer: %s", text)
				}
			})
		})
	}
}

func TestAnswerBeforeATimeoutIsNotBlamedForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, _ := firstFailure(t, during(func(call) bool { return true }, func(ctx context.Context, _ call) error {
			<-ctx.Done() // of the chain's next credential
			return refused(400, "")
		}))
		if got.Kind != entra.KindTimedOut || got.Status != 0 {
			t.Errorf("%v", got)
		}
	})
}

func TestCodeIsFoundInWhateverTheCredentialSays(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want string
		kind entra.Kind
	}{
		"command line tool": {errors.New("AzureCLICredential: ERROR: AADSTS70043: The refresh token has expired\nTrace"), "AADSTS70043", entra.KindRejected},
		"first of several":  {errors.New("AADSTS50076: x AADSTS700016: y"), "AADSTS50076", entra.KindRejected},
		"none":              {errors.New("exit status 1"), "", entra.KindNetwork},
		"no number":         {errors.New("AADSTS: x"), "", entra.KindNetwork},
		"no such number":    {errors.New("AADSTS12345678901234567890"), "", entra.KindNetwork},
		"transient":         {errors.New("see AADSTS90033"), "AADSTS90033", entra.KindNetwork},
		"panics":            {panicking{}, "", entra.KindNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, _ := firstFailure(t, during(func(call) bool { return true }, failWith(tt.err)))
				if got.Code != tt.want || got.Kind != tt.kind {
					t.Errorf("%s, code %q, want %s and %q", got.Kind, got.Code, tt.kind, tt.want)
				}
			})
		})
	}
}

type panicking struct{}

func (panicking) Error() string { panic("not again") }

// All callers get the same error, and azidentity's may be printed by one goroutine at a time only.
func TestCauseMayBePrintedByManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts := entratest.NewSTS(nil)
		sts.Inject(entratest.Fault{Status: 401})
		got, _ := firstFailure(t, secretCredential(t, sts))
		if !errors.As(got, new(*azidentity.AuthenticationFailedError)) {
			t.Errorf("%T does not hold azidentity's error", got.Err)
		}
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				if text := got.Err.Error(); !strings.Contains(text, "RESPONSE 401") {
					t.Errorf("%s is not what the credential said", text)
				}
			})
		}
		callers.Wait()
	})
}

// A talkative error shows what it holds when it is printed or encoded.
type talkative struct{ Body string }

func (e talkative) Error() string { return e.Body }

func TestRefreshErrorIsPrintedWithoutItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts := entratest.NewSTS(nil)
		sts.Inject(entratest.Fault{Status: 401, Body: `{"error_description":"` + secretMark + `"}`})
		real, _ := firstFailure(t, secretCredential(t, sts))
		made, _ := firstFailure(t, during(func(call) bool { return true }, failWith(talkative{secretMark})))
		for name, e := range map[string]*entra.RefreshError{"azidentity": real, "fields": made} {
			if !strings.Contains(e.Err.Error(), secretMark) {
				t.Fatalf("%s: Err is %v, the test would not see a leak", name, e.Err)
			}
			for _, v := range []any{e, *e, []entra.RefreshError{*e}, struct{ E entra.RefreshError }{*e}, fmt.Errorf("x: %w", e)} {
				mustHide(t, fmt.Sprintf("%s: %T", name, v), v, secretMark)
				if _, err := json.Marshal(v); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if got := fmt.Sprintf("%v|%+v|%s", e, *e, *e); got != strings.Join([]string{e.Error(), e.Error(), e.Error()}, "|") {
				t.Errorf("%s, want Error's text", got)
			}
			if got := fmt.Sprintf("%q", *e); got != fmt.Sprintf("%q", e.Error()) {
				t.Errorf("%s, want Error's text in quotes", got)
			}
		}
		var none *entra.RefreshError
		if got := fmt.Sprintf("%v", none); got != "<nil>" {
			t.Errorf("nil is printed as %s", got)
		}
	})
}

// The values are an attribute of metrics, so servers must not be able to invent some.
func TestCodeOfAnAuthErrorIsOneOfFew(t *testing.T) {
	for words, want := range map[string]string{
		"WRONGPASS invalid username-password pair":     "WRONGPASS",
		"ERR WRONGPASS invalid username-password pair": "WRONGPASS",
		"ERR WRONGPASS":                     "WRONGPASS",
		"wrongpass":                         "WRONGPASS",
		"NOAUTH":                            "NOAUTH",
		"ERR max number of clients reached": "ERR",
		"ERR":                               "ERR",
		"ERR ERR WRONGPASS":                 "ERR",
		"LOADING":                           "LOADING",
		"eyJhbGciOi is no token":            "",
		"XYZ123 whatever":                   "",
		"":                                  "",
		" WRONGPASS":                        "",
	} {
		if got := (&entra.AuthError{Err: errors.New(words)}).Code(); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
	if got := (&entra.AuthError{}).Code(); got != "" {
		t.Errorf("without words: %q", got)
	}
}

// Clients recognise an error that says that the server serves no client by its first words.
func TestTemporaryAuthErrorBeginsWithTheServersWords(t *testing.T) {
	for words, temporary := range map[string]bool{
		"LOADING Redis is loading the dataset in memory":            true,
		"ERR LOADING Redis is loading":                              true,
		"ERR  LOADING":                                              true,
		"BUSY Redis is busy running a script":                       true,
		"OOM command not allowed":                                   true,
		"MASTERDOWN Link with MASTER is down":                       true,
		"CLUSTERDOWN The cluster is down":                           true,
		"TRYAGAIN":                                                  true,
		"ERR max number of clients reached":                         true,
		"ERR max number of clients + cluster connections reached":   true,
		"WRONGPASS invalid username-password pair":                  false,
		"ERR the directory says that max number of clients reached": false,
		"READONLY You can't write against a read only replica":      false,
		"BUSYGROUP Consumer Group name already exists":              false,
		"NOAUTH LOADING":                                            false,
		"":                                                          false,
	} {
		e := &entra.AuthError{Addr: "cache:6380", User: "0f8f", Err: errors.New(words)}
		if e.Temporary() != temporary {
			t.Errorf("%q: temporary is %v", words, e.Temporary())
		}
		if text := e.Error(); strings.HasPrefix(text, words+"; ") != temporary || !strings.Contains(text, "cache:6380") || !strings.Contains(text, " of 0f8f:") {
			t.Errorf("%q: %s", words, text)
		}
		if errors.Unwrap(e) != nil {
			t.Errorf("%q unwraps to %v", words, errors.Unwrap(e))
		}
	}
	if (&entra.AuthError{}).Temporary() {
		t.Error("an error without words is temporary")
	}
}

func TestAuthErrorSaysWhatToCheck(t *testing.T) {
	e := entra.AuthError{Addr: "cache:6380", Err: errors.New("WRONGPASS no")}
	if got := e.Error(); !strings.Contains(got, "cache:6380") || !strings.Contains(got, "WRONGPASS no") || !strings.Contains(got, "access policy") {
		t.Error(got)
	}
	e.Remedy = "check the address"
	if got := e.Error(); !strings.HasSuffix(got, "; check the address") || strings.Contains(got, "access policy") {
		t.Error(got)
	}
}

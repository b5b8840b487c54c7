package main // a program cannot be imported, so its tests live inside

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
)

// ranAsDoctor is the environment variable that has the program of the tests run as the doctor.
const ranAsDoctor = "RUN_AS_DOCTOR"

func TestMain(m *testing.M) {
	if os.Getenv(ranAsDoctor) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestUselessArgumentsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{}, {"contoso"}, {"contoso:redis"}, {":6380"}, {"contoso:0"}, {"contoso:6380", "-json"}, {"-timeout", "0s", "contoso:6380"}, {"-timeout", "soon", "contoso:6380"}, {"-secret", "contoso:6380"}, {"-credential", "Password", "contoso:6380"},
	} {
		var stdout, stderr bytes.Buffer
		if code := command(t.Context(), args, &stdout, &stderr); code != 2 || stderr.Len() == 0 || stdout.Len() != 0 {
			t.Errorf("%v: exit code %d, want 2, and a reason on stderr only: %q, %q", args, code, stdout.String(), stderr.String())
		}
	}
}

// Users paste what the Azure portal shows for access keys.
func TestPasswordInTheAddressIsNotRepeated(t *testing.T) {
	for _, addr := range []string{
		"contoso.redis.cache.windows.net:6380,password=sesame,ssl=True,abortConnect=False", "rediss://:sesame@contoso.redis.cache.windows.net:6380",
		"user:sesame@contoso:6380", "sesame@contoso:6380",
	} {
		var stdout, stderr bytes.Buffer
		code := command(t.Context(), []string{"-timeout", "1s", "-credential", "EnvironmentCredential", addr}, &stdout, &stderr)
		if code != 2 || strings.Contains(stdout.String()+stderr.String(), "sesame") {
			t.Errorf("exit code %d: %s%s", code, stdout.String(), stderr.String())
		}
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := command(t.Context(), []string{"-help"}, &stdout, &stderr); code != 0 || !strings.Contains(stderr.String(), "-json") {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}

// withoutIdentity has the environment name no identity, and a managed identity endpoint that is
// gone.
func withoutIdentity(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_TOKEN_CREDENTIALS"} {
		t.Setenv(name, "") // and restores it
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("IDENTITY_ENDPOINT", "http://"+deadPort(t))
	t.Setenv("IDENTITY_HEADER", "header")
}

func TestDeadPortIsNamedWithoutAnyCredential(t *testing.T) {
	withoutIdentity(t)
	addr := deadPort(t)
	var stdout, stderr bytes.Buffer
	code := command(t.Context(), []string{"-timeout", "5m", "-credential", "EnvironmentCredential", addr}, &stdout, &stderr)
	if code != 1 || !strings.Contains(stdout.String(), "refused") || !strings.Contains(stdout.String(), "AZURE_TENANT_ID") || stderr.Len() != 0 {
		t.Errorf("exit code %d, %q:\n%s", code, stderr.String(), stdout.String())
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "doctor: failed: credential (credential-settings), tcp (tcp-refused); ") {
		t.Errorf("last line %q", last)
	}
}

func TestJSONIsOneReport(t *testing.T) {
	withoutIdentity(t)
	var stdout, stderr bytes.Buffer
	code := command(t.Context(), []string{"-json", "-timeout", "5m", deadPort(t)}, &stdout, &stderr)
	decoder := json.NewDecoder(&stdout)
	decoder.DisallowUnknownFields()
	var report diagnosis.Report
	if err := decoder.Decode(&report); err != nil || decoder.More() {
		t.Fatalf("no report: %v", err)
	}
	if code != 1 || report.Healthy || report.Steps[1].Finding == nil || report.Steps[1].Finding.ID != "entra-unreachable" || report.Format != diagnosis.Format || !strings.HasPrefix(report.Program, "entraredis doctor ") {
		t.Errorf("exit code %d, %+v", code, report)
	}
}

// Each name makes a credential, or says what the environment lacks for it.
func TestEachCredentialCanBeNamed(t *testing.T) {
	withoutIdentity(t)
	for _, name := range credentialNames() {
		cred, err := newCredential(name, azcore.ClientOptions{})
		if (cred == nil) != (err != nil) || err != nil && strings.Contains(err.Error(), "no credential") {
			t.Errorf("%s: %T, %v", name, cred, err)
		}
	}
}

func TestEnvironmentNamesTheCredential(t *testing.T) {
	withoutIdentity(t)
	for value, want := range map[string]string{
		"": chain, "prod": chain, "ManagedIdentityCredential": "ManagedIdentityCredential", "azureclicredential": "AzureCLICredential",
	} {
		t.Setenv("AZURE_TOKEN_CREDENTIALS", value)
		if got := environmentCredential(); got != want {
			t.Errorf("AZURE_TOKEN_CREDENTIALS=%s: %s, want %s", value, got, want)
		}
	}
}

// deadPort returns an address of this machine at which no server listens.
func deadPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close() // from now on no server answers there
	return listener.Addr().String()
}

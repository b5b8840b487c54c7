package main // a program cannot be imported, so its tests live inside

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"strings"
	"testing"

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
		{}, {"contoso"}, {"contoso:6380", "-json"}, {"-timeout", "0s", "contoso:6380"}, {"-timeout", "soon", "contoso:6380"}, {"-secret", "contoso:6380"},
	} {
		var stdout, stderr bytes.Buffer
		if code := command(t.Context(), args, &stdout, &stderr); code != 2 || stderr.Len() == 0 || stdout.Len() != 0 {
			t.Errorf("%v: exit code %d, want 2, and a reason on stderr only: %q, %q", args, code, stdout.String(), stderr.String())
		}
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := command(t.Context(), []string{"-help"}, &stdout, &stderr); code != 0 || !strings.Contains(stderr.String(), "-json") {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}

// onlyEnvironment leaves one credential of the chain, which asks no server because it is not set.
func onlyEnvironment(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"} {
		t.Setenv(name, "")
	}
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
}

func TestDeadPortIsNamedWithoutAnyCredential(t *testing.T) {
	onlyEnvironment(t)
	addr := deadPort(t)
	var stdout, stderr bytes.Buffer
	code := command(t.Context(), []string{addr}, &stdout, &stderr)
	if code != 1 || !strings.Contains(stdout.String(), "refused") || !strings.Contains(stdout.String(), "EnvironmentCredential") || stderr.Len() != 0 {
		t.Errorf("exit code %d, %q:\n%s", code, stderr.String(), stdout.String())
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "doctor: failed: credential (no-identity), tcp (tcp-refused); ") {
		t.Errorf("last line %q", last)
	}
}

func TestJSONIsOneReport(t *testing.T) {
	onlyEnvironment(t)
	var stdout, stderr bytes.Buffer
	code := command(t.Context(), []string{"-json", deadPort(t)}, &stdout, &stderr)
	decoder := json.NewDecoder(&stdout)
	decoder.DisallowUnknownFields()
	var report diagnosis.Report
	if err := decoder.Decode(&report); err != nil || decoder.More() {
		t.Fatalf("no report: %v", err)
	}
	if code != 1 || report.Healthy || report.Format != diagnosis.Format || !strings.HasPrefix(report.Program, "entraredis doctor ") {
		t.Errorf("exit code %d, %+v", code, report)
	}
}

func TestCredentialThatCannotBeMadeIsNamed(t *testing.T) {
	onlyEnvironment(t)
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "Password")
	var stdout, stderr bytes.Buffer
	if code := command(t.Context(), []string{deadPort(t)}, &stdout, &stderr); code != 1 || !strings.Contains(stdout.String(), "credential-settings") {
		t.Errorf("exit code %d:\n%s", code, stdout.String())
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

package examples_test // on Linux, where SSL_CERT_FILE is read

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// lastLines returns what each program prints last if all is well.
func lastLines() map[string]string {
	return map[string]string{
		"goredis": "hello from go-redis",
		"rueidis": "hello from rueidis",
		"redigo":  "hello from redigo",
	}
}

// The programs run as a reader runs them: as processes, with DefaultAzureCredential, over TLS. The environment has them
// ask a managed identity endpoint and trust a certificate that are of this test.
func TestProgramsRunOffline(t *testing.T) {
	bin := t.TempDir()
	args := []string{"build", "-o", bin + string(filepath.Separator)}
	for program := range lastLines() {
		args = append(args, "./"+program)
	}
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server, _, err := entratest.TLSConfigs("localhost")
	if err != nil {
		t.Fatal(err)
	}
	sts := entratest.NewSTS(nil)
	secure, plain := serve(t, sts, server), serve(t, sts, nil)
	identity := httptest.NewServer(sts)
	defer identity.Close()
	trusted := filepath.Join(bin, "trusted.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificates[0].Certificate[0]})
	if err := os.WriteFile(trusted, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	for program, want := range lastLines() {
		gateway := secure
		if program == "redigo" { // whose adapter takes TLS for granted, but not on this machine
			gateway = plain
		}
		addr := strings.Replace(gateway.Addr(), "127.0.0.1", "localhost", 1)
		var stdout, stderr bytes.Buffer
		var err error
		for range 10 {
			cmd := exec.CommandContext(t.Context(), filepath.Join(bin, program), "-addr", addr)
			cmd.Env = []string{"HOME=" + bin, "SSL_CERT_FILE=" + trusted, "IDENTITY_ENDPOINT=" + identity.URL, "IDENTITY_HEADER=header"}
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			began := time.Now()
			if err = cmd.Run(); err == nil || time.Since(began) < 2*time.Second {
				break
			} // else the machine may have been too busy for the timeouts of the client, which are seconds
		}
		lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
		if last := lines[len(lines)-1]; err != nil || last != want {
			t.Errorf("%s: %v, last line %q, want %q\n%s", program, err, last, want, stderr.String())
		}
		if stats := gateway.Stats(); stats.Logins == 0 || stats.Refused > 0 {
			t.Errorf("%s: %+v", program, stats)
		}
	}
}

// serve starts a gateway that takes the tokens of sts.
func serve(t *testing.T, sts *entratest.STS, config *tls.Config) *entratest.Gateway {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts, TLS: config})
	t.Cleanup(func() { _ = gateway.Close() })
	return gateway
}

// A new program is run here, or has a test of its own.
func TestEveryProgramIsTested(t *testing.T) {
	mains, err := filepath.Glob("*/main.go")
	if err != nil || len(mains) < len(lastLines()) {
		t.Fatalf("found %v, %v", mains, err)
	}
	for _, file := range mains {
		program := filepath.Dir(file)
		if _, isRun := lastLines()[program]; isRun {
			continue
		}
		if tests, err := filepath.Glob(program + "/*_test.go"); err != nil || len(tests) == 0 {
			t.Errorf("%s has neither a test nor a line that it ends with in lastLines: %v", program, err)
		}
	}
	for program := range lastLines() {
		if !slices.Contains(mains, program+"/main.go") {
			t.Errorf("there is no program %s", program)
		}
	}
}

// A program with a Source waits for the first token when it starts, and ends without.
func TestEveryProgramFailsAtItsStart(t *testing.T) {
	names, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{} // of each folder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			sources[filepath.Dir(name)] += string(text)
		}
	}
	found := 0
	for folder, text := range sources {
		if !strings.Contains(text, "package main\n") || !strings.Contains(text, "entra.NewSource(") {
			continue
		}
		found++
		if !strings.Contains(text, "src.Token(") {
			t.Errorf("%s does not call src.Token before its first command", folder)
		}
	}
	if found < len(lastLines()) {
		t.Errorf("found %d programs with a Source", found)
	}
}

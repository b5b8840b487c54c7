package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// The whole program runs as a user runs it: with DefaultAzureCredential, a managed identity of App
// Service, and TLS. Only on Linux the authority of a certificate can be given in the environment.
func TestWholeProgram(t *testing.T) {
	sts := entratest.NewSTS(nil)
	endpoint := httptest.NewServer(sts)
	defer endpoint.Close()
	config, authority := localhost(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dialect := entratest.AzureCache()
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts, TLS: config, Dialect: dialect})
	defer gateway.Close()
	_, port, err := net.SplitHostPort(gateway.Addr())
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (code int, out string) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-timeout", "5m"}, args...)...)
		cmd.Env = []string{
			ranAsDoctor + "=1", "SSL_CERT_FILE=" + authority,
			"IDENTITY_ENDPOINT=" + endpoint.URL + "/msi/token", "IDENTITY_HEADER=header-of-the-identity-endpoint", "HOME=" + t.TempDir(),
		}
		text, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "eyJ") || strings.Contains(string(text), "header-of-the") {
			t.Errorf("a secret is told:\n%s", text)
		}
		return cmd.ProcessState.ExitCode(), string(text)
	}
	code, out := run("localhost:" + port)
	if code != 0 || !strings.Contains(out, "doctor: healthy; warnings: 0 of 14 steps") || !strings.Contains(out, "ManagedIdentityCredential returned a token") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if code, out := run("-json", "localhost:"+port); code != 0 || !strings.Contains(out, `"healthy": true`) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	gateway.Inject(entratest.WireFault{RefuseAuth: dialect.WrongPassword})
	if code, out := run("localhost:" + port); code != 1 || !strings.Contains(out, "doctor: failed: login (no-assignment)") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// localhost returns a server's configuration and the file of the certificate, which is its own
// authority.
func localhost(t *testing.T) (config *tls.Config, authority string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	authority = filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, authority
}

package main_test

import (
	"bufio"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// hangs is how long to wait for what comes sooner or later, or not at all.
const hangs = 5 * time.Minute

// folder is where the program is built, by the first test that needs it.
var folder string

var build = sync.OnceValues(func() (binary string, err error) {
	binary = filepath.Join(folder, "proxy")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "proxy-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// An azure is what the program talks to: an identity endpoint as App Service has one, and a cache with TLS.
type azure struct {
	sts     *entratest.STS
	gateway *entratest.Gateway
	env     []string
}

// startAzure starts them, with a redis-server.
func startAzure(t *testing.T) *azure {
	t.Helper()
	redis, err := entratest.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { redis.Close() })
	server, _, err := entratest.TLSConfigs("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &azure{sts: entratest.NewSTS(nil)}
	a.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: a.sts, Backend: redis, TLS: server})
	t.Cleanup(func() { a.gateway.Close() })
	identity := httptest.NewServer(a.sts)
	t.Cleanup(identity.Close)
	certificate := filepath.Join(t.TempDir(), "certificate.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificates[0].Certificate[0]})
	if err := os.WriteFile(certificate, text, 0o600); err != nil {
		t.Fatal(err)
	}
	a.env = []string{
		"AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential", "IDENTITY_ENDPOINT=" + identity.URL + "/msi/token", "IDENTITY_HEADER=header",
		"SSL_CERT_FILE=" + certificate, "REDIS_ADDR=" + a.gateway.Addr(),
	}
	return a
}

// A proxy is the program, as it runs.
type proxy struct {
	t       *testing.T
	addr    string // where clients connect
	http    string
	process *exec.Cmd
	lines   chan string // of its standard output
	stderr  *strings.Builder
	ended   chan error
}

// start starts the program, and waits until it says where it listens.
func (a *azure) start(t *testing.T, args ...string) *proxy {
	t.Helper()
	p := a.launch(t, append([]string{"-listen", "127.0.0.1:0", "-http", "127.0.0.1:0"}, args...)...)
	line := p.nextLine()
	if _, err := fmt.Sscanf(line, "proxy: %s leads to "+a.gateway.Addr()+", health and metrics on http://%s", &p.addr, &p.http); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return p
}

// launch starts the program, which the test ends at the latest.
func (a *azure) launch(t *testing.T, args ...string) *proxy {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, process: exec.Command(binary, args...), lines: make(chan string, 10), stderr: &strings.Builder{}, ended: make(chan error, 1)}
	p.process.Env = a.env
	p.process.Stderr = p.stderr
	dieWithUs(p.process)
	out, err := p.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			p.lines <- lines.Text()
		}
		close(p.lines)
		p.ended <- p.process.Wait()
	}()
	t.Cleanup(func() {
		_ = p.process.Process.Kill() // it may have ended
		<-gone
		if t.Failed() {
			t.Logf("the program's standard error:\n%s", p.stderr)
		}
	})
	return p
}

func (p *proxy) nextLine() string {
	p.t.Helper()
	select {
	case line := <-p.lines:
		return line
	case <-time.After(hangs):
		p.t.Fatal("the program says nothing")
		return ""
	}
}

// terminate sends SIGTERM, and returns the last line and the exit code.
func (p *proxy) terminate() (last string, code int) {
	p.t.Helper()
	if err := p.process.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	last = p.nextLine()
	return last, p.exitCode()
}

func (p *proxy) exitCode() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.process.ProcessState.ExitCode()
	case <-time.After(hangs):
		p.t.Fatal("the program does not end")
		return 0
	}
}

// get asks the program over HTTP.
func (p *proxy) get(path string) (status int, body string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), hangs)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.http+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

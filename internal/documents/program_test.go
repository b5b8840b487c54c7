//go:build unix && !darwin

package documents_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/documents"
)

// hangs is far beyond what a busy machine takes.
const hangs = 5 * time.Minute

// A reader pastes the programs of README and getting-started and runs them, and so does this test: each is built as it
// stands on the page, and runs as a process whose environment is that of a program in Azure App Service. The endpoint of
// its identity is a fake Entra, and the cache a gateway that takes nothing but its tokens, over TLS. The program trusts the
// gateway's certificate by SSL_CERT_FILE, which Go obeys neither on macOS nor on Windows, hence the build constraint.
func TestProgramsOfThePagesRun(t *testing.T) {
	var programs, said []documents.Block
	for _, page := range []string{"README.md", "docs/getting-started.md"} {
		blocks := documents.Extract(page, read(t, filepath.Join(root, page)))
		found := len(programs)
		for i, block := range blocks {
			switch {
			case block.Language != "go":
			case !block.IsProgram():
				t.Errorf("%s:%d is no whole program, so it cannot run as it is", page, block.Line)
			case i+1 == len(blocks) || blocks[i+1].Language != "text" && blocks[i+1].Language != "console":
				t.Errorf("%s:%d is a program, and no block after it says what it prints", page, block.Line)
			default:
				programs, said = append(programs, block), append(said, blocks[i+1])
			}
		}
		if len(programs) == found {
			t.Errorf("%s has no program", page)
		}
	}
	binaries := binariesOf(t, packages(programs))
	for i, program := range programs {
		t.Run(program.Doc+" "+clientOf(program), func(t *testing.T) {
			t.Parallel()
			if said[i].Language == "text" {
				printsWhatThePageSays(t, binaries[i], said[i].Code)
			} else {
				servesWhatThePageSays(t, binaries[i], said[i].Code)
			}
		})
	}
}

// binariesOf builds programs and returns the paths of their files.
func binariesOf(t *testing.T, programs []map[string]string) []string {
	t.Helper()
	folders, overlay := lay(t, programs)
	folder := t.TempDir()
	if out, err := build(t, folder, overlay, folders); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var binaries []string
	for _, path := range folders {
		binaries = append(binaries, filepath.Join(folder, filepath.Base(path)))
	}
	return binaries
}

// clientOf names a program by its client library.
func clientOf(b documents.Block) string {
	for _, client := range []string{"go-redis", "rueidis", "redigo"} {
		if strings.Contains(b.Code, "/"+client) {
			return client
		}
	}
	return "program"
}

// printsWhatThePageSays runs a program to its end.
func printsWhatThePageSays(t *testing.T, program, want string) {
	cache := startCache(t, nil)
	cmd := cache.command(t, program)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if stdout.String() != want {
		t.Errorf("prints %q, and the page says %q", stdout.String(), want)
	}
	cache.hasLoggedIn(t)
}

// A cache is what a program meets: an endpoint for its identity, and a Redis that takes the tokens of this endpoint only.
type cache struct {
	gateway     *entratest.Gateway
	environment []string
}

// startCache takes users that log in with a password as well.
func startCache(t *testing.T, passwords map[string]string) *cache {
	t.Helper()
	sts := entratest.NewSTS(nil)
	identity := httptest.NewServer(sts)
	t.Cleanup(identity.Close)
	server, _, err := entratest.TLSConfigs("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	backend := entratest.NewMiniredis()
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{STS: sts, Backend: backend, TLS: server, StaticUsers: passwords})
	t.Cleanup(func() {
		if err := gateway.Close(); err != nil {
			t.Error(err)
		}
		if err := backend.Close(); err != nil {
			t.Error(err)
		}
	})
	trusted := filepath.Join(t.TempDir(), "cache.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificates[0].Certificate[0]})
	if err := os.WriteFile(trusted, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return &cache{gateway: gateway, environment: []string{
		"REDIS_ADDR=" + gateway.Addr(), "SSL_CERT_FILE=" + trusted,
		"IDENTITY_ENDPOINT=" + identity.URL + "/msi/token", "IDENTITY_HEADER=secret",
	}}
}

// command returns the command that runs a program, with nothing in its environment but this cache.
func (c *cache) command(t *testing.T, program string, arguments ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Dir = t.TempDir()
	cmd.Env = c.environment
	return cmd
}

// hasLoggedIn checks that the program logged in with tokens of its identity, each of which the gateway took.
func (c *cache) hasLoggedIn(t *testing.T) {
	t.Helper()
	if stats := c.gateway.Stats(); stats.Logins == 0 || stats.Refused > 0 {
		t.Errorf("%d logins, %d AUTHs refused", stats.Logins, stats.Refused)
	}
	for _, auth := range c.gateway.Auths() {
		if auth.User != entratest.ObjectID || auth.TokenID == "" {
			t.Errorf("AUTH by %q with token %q", auth.User, auth.TokenID)
		}
	}
}

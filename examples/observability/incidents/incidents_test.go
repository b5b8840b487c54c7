// Package main_test runs the incidents at a fiftieth of their length, and compares the page with the last real run.
package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// In seconds tokens expire, caches refuse and services end. Whether alerts fire is for the real run: they wait for minutes.
func TestEachIncidentIsSeenByEachSignal(t *testing.T) {
	text := run(t, "-pace", ".02")
	incidents := map[string][]string{
		"Entra is down for 12 minutes, tokens live 5": {
			`(truth) | Entra answers 503`, `(truth) | carts closes a connection: its token has expired`, `(truth) | commands of the service fail`,
			"trace | `request token` type=network status_code=503", "metric | `entraredis_token_request_failures_total network` grows",
			"log | ERROR `entra: the token expired", `alert | EntraRedisNoValidToken (critical) is pending`,
		},
		"A crash loop": {
			`(truth) | billing refuses an AUTH`, "trace | `AUTH billing` phase=initial type=WRONGPASS",
			"metric | `entraredis_connection_auth_refusing` is above 0", "log | WARN `entra: a Redis server refuses AUTH` pool=billing code=WRONGPASS",
			`alert | EntraRedisAuthRefused (critical) is pending`,
		},
	}
	for title, all := range incidents {
		_, table, found := strings.Cut(text, "## "+title+"\n")
		table, _, _ = strings.Cut(table, "\n## ")
		for _, said := range all {
			if !found || !strings.Contains(table, said) {
				t.Errorf("%s: nothing says %s\n%s", title, said, table)
			}
		}
	}
	for _, kept := range regexp.MustCompile(`(\d+) of the service's (\d+) commands`).FindAllStringSubmatch(text, -1) {
		if len(kept[1]) >= len(kept[2]) {
			t.Errorf("spans of the service are not sampled: %s", kept[0])
		}
	}
}

// Nothing between the marks is written by hand.
func TestPageIsTheRealRun(t *testing.T) {
	page, err := os.ReadFile("../../../docs/incidents.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "<!-- what go run ./incidents measured -->\n\n")
	measured, _, found := strings.Cut(rest, "\n<!-- end of what it measured -->\n")
	if want := run(t, "-tables", "observed.json"); !found || measured != want {
		t.Errorf("docs/incidents.md has not what observed.json has: run go run ./incidents in examples/observability. It should have\n%s", want)
	}
}

// run builds and runs the program, and returns what it writes to standard output.
func run(t *testing.T, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "incidents")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, flags...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // so that it ends what it has started
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, problems.String())
	}
	return string(out)
}

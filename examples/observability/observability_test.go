// Package main_test runs the example, and a Prometheus beside it. make observability-test installs what it needs.
package main_test

import (
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/otel/alerts"
)

// A real Prometheus scrapes the example while tokens come and go, Entra rejects and Redis refuses.
func TestEveryExpressionReturnsData(t *testing.T) {
	needs(t, "prometheus")
	needs(t, "promtool")
	example := startExample(t, "-life", "3s", "-outage", "entra", "-outage", "auth", "-traces")
	prom := startPrometheus(t, example)

	left := map[string]bool{}
	for _, q := range dashboardQueries(t) {
		left[q.expr] = true
	}
	for _, selector := range ruleSelectors(t) {
		left[selector] = true
	}
	// The alert waits for a minute before it fires, but it is pending as soon as its expression is true.
	left[`ALERTS{alertname="EntraRedisEntraRejecting", alertstate="pending", severity="critical"}`] = true
	left[`ALERTS{alertname="EntraRedisAuthRefused", alertstate="pending", severity="critical"}`] = true
	t.Logf("%d expressions", len(left))
	eventually(t, func() string { return prom.missing(t, left) })

	for _, v := range dashboardVariables(t) {
		values, err := prom.values(t.Context(), v.selector, v.label)
		if err != nil || len(values) == 0 {
			t.Errorf("variable %s has no values: %v", v.label, err)
		}
	}
	checkCost(t, prom)
	eventually(t, func() string {
		var exemplars []any
		if err := prom.get(t.Context(), "/api/v1/query_exemplars", url.Values{
			"query": {"entraredis_connection_auth_duration_seconds_bucket"},
			"start": {strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)},
			"end":   {strconv.FormatInt(time.Now().Unix(), 10)},
		}, &exemplars); err != nil || len(exemplars) == 0 {
			return fmt.Sprintf("no exemplar leads from AUTHs to their traces: %v", err)
		}
		return ""
	})
	checkMetrics(t, example)
}

// needs fails rather than skips: this is what the test is for.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is not on PATH; make observability-test installs it where it can", program)
	}
}

// startExample builds and runs the example and returns the address of its metrics.
func startExample(t *testing.T, flags ...string) (addr string) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "observability")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	running := start(t, exec.Command(binary, append([]string{"-listen", "127.0.0.1:0"}, flags...)...))
	for {
		select {
		case line := <-running.lines:
			if _, rest, found := strings.Cut(line, "http://"); found && strings.HasSuffix(rest, "/metrics") {
				return strings.TrimSuffix(rest, "/metrics")
			}
		case <-running.done:
			t.Fatal("the example ended")
		case <-time.After(hangs):
			t.Fatal("the example does not say where its metrics are")
		}
	}
}

// ruleSelectors returns what the alerts look at. Whether they draw the right conclusions is for promtool's tests: here it
// matters that there are series with these names, labels and values.
func ruleSelectors(t *testing.T) []string {
	t.Helper()
	const otherName = "entraredis_token_time_to_expiry" // which EntraRedisMetricNames looks for, and does not find
	var all []string
	for _, match := range regexp.MustCompile(`\((entraredis_\w+(\{[^}]*\})?)[)[]`).FindAllStringSubmatch(string(alerts.Rules()), -1) {
		if match[1] != otherName {
			all = append(all, match[1])
		}
	}
	if len(all) < 6 {
		t.Fatalf("only %d selectors", len(all))
	}
	return all
}

// checkMetrics has promtool judge names and types.
func checkMetrics(t *testing.T, example string) {
	t.Helper()
	text, err := scrape(t, example)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

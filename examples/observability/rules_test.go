package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/otel/alerts"
)

func TestRulesAreValid(t *testing.T) {
	needs(t, "promtool")
	out, err := exec.CommandContext(t.Context(), "promtool", "check", "rules", "--lint=all", "--lint-fatal", "../../otel/alerts/entraredis.rules.yaml").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAlertsFireAndStaySilent(t *testing.T) {
	needs(t, "promtool")
	if out, err := testRules(t, string(alerts.Rules()), ""); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Tests that would pass with other rules prove nothing: each of these changes must be noticed.
func TestChangedRulesAreNoticed(t *testing.T) {
	needs(t, "promtool")
	for _, m := range mutants(t) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			out, err := testRules(t, m.rules, m.alert)
			if err == nil {
				t.Error("no test of otel/alerts/tests fails")
			} else if !strings.Contains(out, "FAILED") {
				t.Errorf("no test ran: %v\n%s", err, out)
			}
		})
	}
}

// testRules runs the tests of otel/alerts/tests against a rule file with that content: those of one alert, or of all if
// it is empty.
func testRules(t *testing.T, rules, alert string) (output string, err error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "tests"), os.DirFS("../../otel/alerts/tests")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "entraredis.rules.yaml"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	tests, err := filepath.Glob(filepath.Join(dir, "tests", "*.yaml"))
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	tests = slices.DeleteFunc(tests, func(file string) bool {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return !strings.Contains(string(text), "alertname: "+alert)
	})
	out, err := exec.CommandContext(t.Context(), "promtool", append([]string{"test", "rules"}, tests...)...).CombinedOutput()
	return string(out), err
}

// A mutant is a rule file with one mistake.
type mutant struct{ alert, name, rules string }

// changes are the mistakes: each is made in every alert in which it can be made.
func changes() [][2]string {
	return [][2]string{
		{"- alert: ", "- alert: Not"},
		{"for: 1m", "for: 0m"}, {"for: 1m", "for: 15m"}, {"for: 5m", "for: 1m"}, {"for: 5m", "for: 30m"},
		{"severity: critical", "severity: warning"}, {"severity: warning", "severity: critical"},
		{"<\n", ">\n"}, {">\n", "<\n"}, {") > 0", ") >= 0"}, {") > 0", ") < 0"}, {") > 0", ") > 2"}, {">= 3", ">= 1"}, {">= 3", ">= 4"},
		{" and\n", " or\n"}, {" or\n", " and\n"},
		{"240", "300"}, {"240", "180"}, {"0.1 *", "0.3 *"}, {"[1h]", "[1m]"}, {"min by", "max by"},
		{"clamp_min(2 *", "clamp_min(0.5 *"}, {"clamp_min(2 *", "clamp_min(5 *"}, {", 20)", ", 2)"}, {", 20)", ", 60)"},
		{"[10m]", "[2m]"}, {"[10m]", "[60m]"}, {"[15m]", "[1m]"}, {"[15m]", "[60m]"},
		{`error_type="rejected"`, `error_type=~".+"`},
		{`retire_reason="auth_rejected"`, `retire_reason=~".+"`},
		{"at_risk|expired", "at_risk"}, {"at_risk|expired", "expired"}, {"at_risk|expired", ".+"},
		{"WRONGPASS|NOAUTH|NOPERM", "WRONGPASS"}, {"WRONGPASS|NOAUTH|NOPERM", "WRONGPASS|NOAUTH|NOPERM|ERR"},
		{"WRONGPASS|NOAUTH|NOPERM", ".+"}, {"WRONGPASS|NOAUTH|NOPERM", ".*"},
		{"failures[2m]", "failures[30s]"}, {"failures[2m]", "failures[30m]"}, {"[10m:1m]", "[1m:1m]"},
		{"by (job, instance,", "by (job, instance, otel_scope_version,"}, {"server_address, server_port)", "server_address)"},
	}
}

func mutants(t *testing.T) []mutant {
	t.Helper()
	const mark = "      - alert: "
	parts := strings.Split(string(alerts.Rules()), mark)
	var all []mutant
	unused := map[string]bool{}
	for _, c := range changes() {
		unused[c[0]] = true
	}
	for i := range parts[1:] {
		name, _, _ := strings.Cut(parts[i+1], "\n")
		for _, c := range changes() {
			alert := mark + parts[i+1]
			if !strings.Contains(alert, c[0]) {
				continue
			}
			delete(unused, c[0])
			changed := append([]string{}, parts...)
			changed[i+1] = strings.TrimPrefix(strings.ReplaceAll(alert, c[0], c[1]), mark)
			if c[0] == "- alert: " {
				changed[i+1] = "Not" + parts[i+1]
			}
			all = append(all, mutant{name, fmt.Sprintf("%s/%q becomes %q", name, c[0], c[1]), strings.Join(changed, mark)})
		}
	}
	for text := range unused {
		t.Errorf("no alert has %q any longer: that change tests nothing", text)
	}
	return all
}

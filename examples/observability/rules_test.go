package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/otel/alerts"
)

const alertTests = "../../otel/alerts/tests"

func TestRulesAreValid(t *testing.T) {
	needs(t, "promtool")
	checkRules(t, string(alerts.Rules()))
}

// The generator's other names are checked too. What they mean is the same.
func TestGeneratedRulesAreValid(t *testing.T) {
	needs(t, "promtool")
	out, err := exec.CommandContext(t.Context(), "go", "run", "github.com/entraredis/entraredis/otel/alerts/generate",
		"-plain-names", "-pod-labels", "replica").Output()
	if err != nil {
		t.Fatal(err)
	}
	checkRules(t, string(out))
}

func checkRules(t *testing.T, rules string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "promtool", "check", "rules", "--lint=all", "--lint-fatal", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAlertsFireAndStaySilent(t *testing.T) {
	needs(t, "promtool")
	if out, err := testRules(t, string(alerts.Rules()), "*"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Tests that would pass with other rules prove nothing: each of these changes must be noticed.
func TestChangedRulesAreNoticed(t *testing.T) {
	needs(t, "promtool")
	for _, m := range mutants(t) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			out, err := testRules(t, m.rules, m.tests...)
			if err == nil { // many pods are tested last, because they take longest
				out, err = testRules(t, m.rules, "everyday", "one_of_fifty")
			}
			if err == nil {
				t.Error("no test of otel/alerts/tests fails")
			} else if !strings.Contains(out, "FAILED") {
				t.Errorf("no test ran: %v\n%s", err, out)
			}
		})
	}
}

// testRules runs the tests of otel/alerts/tests whose files have a name that matches one of the patterns, against a rule file with that content.
func testRules(t *testing.T, rules string, patterns ...string) (output string, err error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "tests"), os.DirFS(alertTests)); err != nil {
		t.Fatal(err)
	}
	var tests []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(dir, "tests", pattern+".yaml"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no tests match %s: %v", pattern, err)
		}
		tests = append(tests, found...)
	}
	if err := os.WriteFile(filepath.Join(dir, "entraredis.rules.yaml"), []byte(onlyTested(t, rules, tests)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "promtool", append([]string{"test", "rules"}, tests...)...).CombinedOutput()
	return string(out), err
}

// onlyTested leaves out the alerts that the tests do not look at: promtool would evaluate them as often as the others.
func onlyTested(t *testing.T, rules string, tests []string) string {
	t.Helper()
	looked := ""
	for _, test := range tests {
		text, err := os.ReadFile(test)
		if err != nil {
			t.Fatal(err)
		}
		looked += string(text)
	}
	return regexp.MustCompile(`(?s) {6}- alert: (\w+)\n.*?runbook_url: \S+\n`).ReplaceAllStringFunc(rules, func(rule string) string {
		name := regexp.MustCompile(`- alert: (?:Not)?(\w+)`).FindStringSubmatch(rule)[1] // Not: a mutant
		if strings.Contains(looked, "alertname: "+name+"\n") {
			return rule
		}
		return ""
	})
}

// Commands and queries of the documents can be pasted: bash and promtool can read them.
func TestCommandsAndQueriesOfTheDocumentsParse(t *testing.T) {
	needs(t, "promtool")
	needs(t, "bash")
	var queries []string
	commands := 0
	for _, document := range []string{"runbook", "slo", "observability"} {
		text, err := os.ReadFile("../../docs/" + document + ".md")
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)```(sh|promql)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			if block[1] == "promql" {
				queries = append(queries, block[2])
				continue
			}
			commands++
			if out, err := exec.CommandContext(t.Context(), "bash", "-n", "-c", block[2]).CombinedOutput(); err != nil {
				t.Errorf("%s.md: %v\n%s%s", document, err, block[2], out)
			}
			for _, ask := range regexp.MustCompile(`(?m)^ask ('[^']+'|".+")$`).FindAllStringSubmatch(block[2], -1) {
				queries = append(queries, strings.ReplaceAll(ask[1][1:len(ask[1])-1], `\"`, `"`))
			}
		}
	}
	if commands < 15 || len(queries) < 20 {
		t.Errorf("found only %d blocks of commands and %d queries", commands, len(queries))
	}
	rules := "groups:\n  - name: documents\n    rules:\n"
	for i, query := range queries {
		rules += "      - record: documents:query" + strings.Repeat("x", i) + "\n        expr: |\n          " +
			strings.ReplaceAll(strings.TrimSpace(query), "\n", "\n          ") + "\n"
	}
	checkRules(t, rules)
	for _, query := range queries { // a name that does not exist returns nothing, which looks like good news
		for _, name := range regexp.MustCompile(`entraredis[:_][a-z_:]+`).FindAllString(query, -1) {
			if recorded := strings.Contains(name, ":"); recorded && !strings.Contains(string(alerts.Rules()), "- record: "+name+"\n") {
				t.Errorf("no rule records %s: %s", name, query)
			}
		}
		for _, problem := range regexp.MustCompile(`problem="(\w+)"`).FindAllStringSubmatch(query, -1) {
			if !strings.Contains(string(alerts.Rules()), "          problem: "+problem[1]+"\n") {
				t.Errorf("there is no problem %s: %s", problem[1], query)
			}
		}
	}
}

// The alert of a problem is told in the file of that problem.
func testsOf(rule string) (patterns []string) {
	if problem := regexp.MustCompile(`\n +problem: (\w+)\n`).FindStringSubmatch(rule); problem != nil {
		return []string{problem[1]}
	}
	name, _, _ := strings.Cut(rule, "\n")
	name, isAlert := strings.CutPrefix(name, "- alert: EntraRedis")
	if !isAlert { // what all alerts rest on
		return []string{"auth_refused", "no_valid_token", "metrics_missing"}
	}
	name = strings.TrimSuffix(name, "Pod")
	return []string{strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(name, "${1}_${2}")) + "*"}
}

// A mutant is a rule file with one mistake.
type mutant struct {
	tests       []string // patterns of the files that notice it
	name, rules string
}

func mutants(t *testing.T) []mutant {
	t.Helper()
	parts := regexp.MustCompile(`(?m)^ {6}- (record|alert): `).FindAllStringIndex(string(alerts.Rules()), -1)
	if len(parts) < 20 {
		t.Fatalf("found only %d rules", len(parts))
	}
	rules := string(alerts.Rules())
	var all []mutant
	unused := map[string]bool{}
	for _, c := range changes() {
		unused[c[0]] = true
	}
	for i, part := range parts {
		start, end := part[0]+len("      "), len(rules)
		if i+1 < len(parts) {
			end = parts[i+1][0]
		}
		rule := rules[start:end]
		name, _, _ := strings.Cut(rule, "\n")
		if problem := regexp.MustCompile(`problem: \w+\n`).FindString(rule); problem != "" {
			name += " " + strings.TrimSpace(problem)
		}
		add := func(what, changed string) {
			all = append(all, mutant{testsOf(rule), name + "/" + what, rules[:start] + changed + rules[end:]})
		}
		for _, c := range changes() {
			if strings.Contains(rule, c[0]) {
				delete(unused, c[0])
				add(c[0]+" becomes "+c[1], strings.ReplaceAll(rule, c[0], c[1]))
			}
		}
		for _, cut := range cuts(rule) {
			add("without "+strings.Join(strings.Fields(rule[cut[0]:cut[1]]), " "), rule[:cut[0]]+rule[cut[1]:])
		}
	}
	for text := range unused {
		t.Errorf("no rule has %q any longer: that change tests nothing", text)
	}
	return all
}

// cuts are what a rule is tried without: each clause that hides it, and each of several values of a label.
func cuts(rule string) [][]int {
	found := regexp.MustCompile(`\n +(unless|and) ignoring .+\n +\S.+`).FindAllStringIndex(rule, -1)
	for _, values := range regexp.MustCompile(`=~"[^"]+\|[^"]+"`).FindAllStringIndex(rule, -1) {
		at := values[0] + len(`=~"`)
		for value := range strings.SplitSeq(rule[at:values[1]-1], "|") {
			if end := at + len(value); rule[end] == '|' {
				found = append(found, []int{at, end + 1})
			} else {
				found = append(found, []int{at - 1, end})
			}
			at += len(value) + 1
		}
	}
	return found
}

// changes are the mistakes: each is made in every rule in which it can be made.
func changes() [][2]string {
	return [][2]string{
		{"- alert: ", "- alert: Not"}, {"- record: ", "- record: not"},
		{"for: 1m\n", "for: 0m\n"}, {"for: 1m\n", "for: 15m\n"},
		{"for: 5m\n", "for: 1m\n"}, {"for: 5m\n", "for: 30m\n"}, {"for: 15m\n", "for: 5m\n"}, {"for: 30m\n", "for: 5m\n"},
		{"severity: critical", "severity: warning"}, {"severity: warning", "severity: critical"},
		{">= 0.2", ">= 2"}, {">= 0.2", ">= 0.01"}, {">= 0.2", "> 0.2"},
		{"offset 1m", "offset 0m"}, {"offset 1m", "offset 10m"}, {"offset 5m", "offset 0m"}, {"offset 5m", "offset 30m"},
		{"<= 0", "< -60"}, {"<= 0", "<= 60"}, {") > 0", ") >= 0"}, {") > 0", ") < 0"}, {") > 0", ") > 9"}, {">= 3", ">= 1"}, {">= 3", ">= 4"},
		{"  <\n", "  >\n"}, {"  >\n", "  <\n"}, {" and\n", " or\n"}, {" or\n", " and\n"}, {" unless\n", " and\n"},
		{"240", "300"}, {"240", "180"}, {"0.1 *", "0.3 *"}, {"[1h]", "[1m]"}, {"min without", "max without"},
		{"clamp_min(2 *", "clamp_min(0.5 *"}, {"clamp_min(2 *", "clamp_min(5 *"}, {", 5)", ", 1)"}, {", 5)", ", 20)"}, {"> 0, 1)", "> 0, 5)"},
		{"[10m]", "[1m]"}, {"[10m]", "[60m]"}, {"[10m] offset", "[1m] offset"}, {"[11m]", "[60m]"}, {"[15m]", "[1m]"}, {"[15m]", "[60m]"}, {"[1d]", "[10m]"}, {"[7d:10m]", "[1d:10m]"}, {"[7d:10m]", "[30d:10m]"},
		{"failures[2m]", "failures[30s]"}, {"failures[2m]", "failures[30m]"}, {"[10m:1m]", "[1m:1m]"},
		{`error_type="rejected"`, `error_type=~".+"`}, {"at_risk|expired", ".+"},
		{"otel_scope_name, otel_scope_version", "otel_scope_name"}, {"(instance, pod,", "(pod,"}, {"problem, instance, pod,", "problem, pod,"},
		{"count without (instance", "sum without (instance"}, {" up\n", " up == 1\n"}, {"absent_over_time", "present_over_time"},
	}
}

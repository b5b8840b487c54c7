package alerts_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/otel/alerts"
	"github.com/entraredis/entraredis/otel/alerts/internal/rules"
	"github.com/google/go-cmp/cmp"
)

// all returns the alerts.
func all(t *testing.T) []rules.Rule {
	t.Helper()
	var found []rules.Rule
	for _, r := range every() {
		if r.Alert != "" {
			found = append(found, r)
		}
	}
	if len(found) < 17 {
		t.Fatalf("found only %d alerts", len(found))
	}
	return found
}

// every returns all rules.
func every() (found []rules.Rule) {
	for _, g := range rules.Groups(rules.Options{}) {
		found = append(found, g.Rules...)
	}
	return found
}

// sections returns one alert for each section of the runbook: that of the service, not that of a pod.
func sections(t *testing.T) (found []rules.Rule) {
	t.Helper()
	for _, r := range all(t) {
		if r.Section() == r.Alert {
			found = append(found, r)
		}
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCommittedFilesAreWhatTheGeneratorWrites(t *testing.T) {
	groups := rules.Groups(rules.Options{})
	for path, want := range map[string][]byte{
		"entraredis.rules.yaml":         rules.Prometheus(groups),
		"../prometheusrule.yaml":        rules.Operator(groups),
		"../prometheusrulegroups.bicep": rules.Azure(groups),
	} {
		if diff := cmp.Diff(string(want), read(t, path)); diff != "" {
			t.Errorf("%s is old, run go generate ./otel/alerts (-rules +file):\n%s", path, diff)
		}
	}
}

func TestEveryAlertHasItsAnnotations(t *testing.T) {
	for _, a := range all(t) {
		if severity := a.Labels["severity"]; severity != "critical" && severity != "warning" {
			t.Errorf("%s: severity %q", a.Alert, severity)
		}
		if a.Alert != a.Section() && a.Labels["severity"] != "warning" {
			t.Errorf("%s: one pod is a warning at most", a.Alert)
		}
		if a.For < time.Minute || a.For%time.Minute != 0 {
			t.Errorf("%s: for %v", a.Alert, a.For)
		}
		if a.Alert == "EntraRedisNoMetrics" {
			continue // without metrics there are no labels and no values
		}
		text := a.Summary + a.Description
		for _, named := range []string{"$labels.cluster", "$labels.namespace", "$labels.job"} {
			if !strings.Contains(text, named) {
				t.Errorf("%s does not name %s", a.Alert, named)
			}
		}
		if a.Alert != a.Section() && !strings.Contains(text, "$labels.pod") {
			t.Errorf("%s does not name the pod", a.Alert)
		}
	}
}

// Azure Monitor takes 20 rules in a group, and 2,048 characters of description.
func TestGroupsFitIntoAzureMonitor(t *testing.T) {
	for _, g := range rules.Groups(rules.Options{}) {
		if len(g.Rules) > 20 {
			t.Errorf("%s has %d rules", g.Name, len(g.Rules))
		}
		for _, r := range g.Rules {
			if len(r.Description) > 2048 {
				t.Errorf("%s: the description has %d characters", r.Alert, len(r.Description))
			}
		}
	}
}

// What breaks with an upgrade of the library, loses the labels of a cluster, or has no value before the first event.
func TestExpressionsKeepLabelsAndSurviveUpgrades(t *testing.T) {
	scope := regexp.MustCompile(`otel_scope_name, otel_scope_version, otel_scope_schema_url`)
	for _, r := range every() {
		if strings.Contains(r.Expr, " by (") || strings.Contains(r.Expr, " on (") {
			t.Errorf("%s%s names the labels that it keeps: %s", r.Record, r.Alert, r.Expr)
		}
		for _, selector := range regexp.MustCompile(`\{[^}]*\}`).FindAllString(r.Expr, -1) {
			if strings.Contains(selector, "otel_scope") {
				t.Errorf("%s%s tells versions of the library apart: %s", r.Record, r.Alert, selector)
			}
		}
		metric := regexp.MustCompile(`\bentraredis_(token_re|token_time|connection_a|connection_re)\w+`)
		if metric.MatchString(r.Expr) && !scope.MatchString(r.Expr) {
			t.Errorf("%s%s keeps the labels of the scope: %s", r.Record, r.Alert, r.Expr)
		}
		if histogram := regexp.MustCompile(`_(bucket|count|sum)\b`).FindString(r.Expr); histogram != "" {
			t.Errorf("%s%s uses a histogram: %s", r.Record, r.Alert, r.Expr)
		}
	}
}

func TestPlainNamesHaveNoSuffixes(t *testing.T) {
	suffixed := regexp.MustCompile(`\bentraredis_\w+_(seconds|total)\b`)
	found := suffixed.FindAllString(string(rules.Prometheus(rules.Groups(rules.Options{PlainNames: true}))), -1)
	for _, name := range found {
		if name != "entraredis_token_time_to_expiry_seconds" { // what EntraRedisMetricNames looks for
			t.Errorf("%s has a suffix", name)
		}
	}
	if len(found) == 0 {
		t.Error("EntraRedisMetricNames does not look for names with suffixes")
	}
	if !suffixed.MatchString(string(alerts.Rules())) {
		t.Error("the rules have no names with suffixes either way")
	}
}

func TestAnotherPodLabelIsDroppedWhereverPodsAreCounted(t *testing.T) {
	for _, line := range strings.Split(string(rules.Prometheus(rules.Groups(rules.Options{PodLabels: []string{"replica"}}))), "\n") {
		if strings.Contains(line, "host_name") != strings.Contains(line, "host_name, replica)") {
			t.Errorf("not dropped: %s", line)
		}
	}
}

func TestEveryAlertHasItsSectionInTheRunbook(t *testing.T) {
	const page = "https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#"
	runbook := read(t, "../../docs/runbook.md")
	headlines := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^## (EntraRedis.+)$`).FindAllStringSubmatch(runbook, -1) {
		headlines[match[1]] = true
	}
	for _, a := range all(t) {
		// GitHub makes the anchor of a headline by writing it in lower case.
		if !strings.Contains(string(alerts.Rules()), "runbook_url: "+page+strings.ToLower(a.Section())+"\n") {
			t.Errorf("%s: no runbook_url leads to its section", a.Alert)
		}
	}
	for _, a := range sections(t) {
		if !headlines[a.Alert] {
			t.Errorf("docs/runbook.md has no section %s", a.Alert)
		}
		_, section, _ := strings.Cut(runbook, "\n## "+a.Alert+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		for _, part := range []string{"**Means.**", "**How many.**", "**See what is wrong.**", "**Do.**", "**Who.**", "**Goes away**"} {
			if !strings.Contains(section, part) {
				t.Errorf("docs/runbook.md: section %s has no part %s", a.Alert, part)
			}
		}
		delete(headlines, a.Alert)
	}
	for headline := range headlines {
		t.Errorf("docs/runbook.md: no alert leads to %s", headline)
	}
}

func TestEveryAlertIsSeenToFireAndToStaySilent(t *testing.T) {
	files, err := filepath.Glob("tests/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	fires, silent, everyday := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, file := range files {
		for _, match := range regexp.MustCompile(`alertname: (\w+)\n +exp_alerts:( \[\])?\n`).FindAllStringSubmatch(read(t, file), -1) {
			fires[match[1]] = fires[match[1]] || match[2] == ""
			silent[match[1]] = silent[match[1]] || match[2] != ""
			everyday[match[1]] = everyday[match[1]] || filepath.Base(file) == "everyday.yaml"
		}
	}
	for _, a := range all(t) {
		if !fires[a.Alert] || !silent[a.Alert] || !everyday[a.Alert] {
			t.Errorf("%s: a test in which it fires: %t, in which it does not: %t, in everyday.yaml: %t", a.Alert, fires[a.Alert], silent[a.Alert], everyday[a.Alert])
		}
	}
}

// The names of panels in the runbook are those of the dashboard.
func TestRunbookNamesPanelsThatExist(t *testing.T) {
	dashboard := read(t, "../dashboards/entraredis.json")
	prose := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(read(t, "../../docs/runbook.md"), "")
	named := regexp.MustCompile(`"([A-Z][^"]+)"`).FindAllStringSubmatch(prose, -1)
	if len(named) == 0 {
		t.Fatal("the runbook names no panel")
	}
	for _, match := range named {
		title := strings.Join(strings.Fields(match[1]), " ")
		if !strings.Contains(dashboard, `"title": "`+title+`"`) {
			t.Errorf("no panel is called %q", title)
		}
	}
}

// docs/observability.md lists the alerts.
func TestDocumentedTableIsThatOfTheRules(t *testing.T) {
	_, section, found := strings.Cut(read(t, "../../docs/observability.md"), "\n## Alerts\n")
	if !found {
		t.Fatal("docs/observability.md has no section Alerts")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := regexp.MustCompile(`(?m)^\| \[(\w+)\]\(runbook\.md#(\w+)\) \| (\w+) \| (\w+) \|`).FindAllStringSubmatch(section, -1)
	documented := map[string]string{}
	for _, row := range rows {
		documented[row[1]] = row[2] + " " + row[3] + " " + row[4]
	}
	for _, a := range sections(t) {
		want := strings.ToLower(a.Alert) + " " + a.Labels["severity"] + " " + strings.TrimSuffix(a.For.String(), "0s")
		if got := documented[a.Alert]; got != want {
			t.Errorf("docs/observability.md: %s: got %q, want %q", a.Alert, got, want)
		}
		delete(documented, a.Alert)
	}
	for name := range documented {
		t.Errorf("docs/observability.md: there is no alert %s", name)
	}
}

// The problems and the recorded metrics are listed too, because queries and other rules use them.
func TestDocumentedRecordingsAreThoseOfTheRules(t *testing.T) {
	text := read(t, "../../docs/observability.md")
	for _, r := range every() {
		if r.Record == "" {
			continue
		}
		if !strings.Contains(text, "`"+r.Record+"`") {
			t.Errorf("docs/observability.md does not know %s", r.Record)
		}
		if problem := r.Labels["problem"]; problem != "" && !strings.Contains(text, "`"+problem+"`") {
			t.Errorf("docs/observability.md does not know the problem %s", problem)
		}
	}
}

func TestCallersCannotChangeTheRules(t *testing.T) {
	want := string(alerts.Rules())
	clear(alerts.Rules())
	if got := string(alerts.Rules()); got != want || got == "" {
		t.Error("a caller's change of the bytes is seen by the next one")
	}
}

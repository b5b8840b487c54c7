package alerts_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/otel/alerts"
)

// An alert, as its text in the rule file: promtool reads the YAML, here it is enough to find the parts.
type alert struct{ name, text string }

func (a alert) field(t *testing.T, key string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^ +` + key + `: (.+)$`).FindStringSubmatch(a.text)
	if found == nil {
		t.Fatalf("%s has no %s", a.name, key)
	}
	return strings.Trim(found[1], `'"`)
}

func all(t *testing.T) []alert {
	t.Helper()
	var found []alert
	for _, text := range strings.Split(string(alerts.Rules()), "- alert: ")[1:] {
		name, _, _ := strings.Cut(text, "\n")
		found = append(found, alert{name, text})
	}
	if len(found) < 5 {
		t.Fatalf("found only %d alerts", len(found))
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

func TestEveryAlertHasItsAnnotations(t *testing.T) {
	for _, a := range all(t) {
		if severity := a.field(t, "severity"); severity != "critical" && severity != "warning" {
			t.Errorf("%s: severity %s", a.name, severity)
		}
		a.field(t, "for")
		a.field(t, "summary")
		a.field(t, "description")
		if !strings.Contains(a.text, "$value") {
			t.Errorf("%s does not tell the value", a.name)
		}
		if strings.Contains(a.text, "otel_scope") {
			t.Errorf("%s tells versions of the library apart", a.name)
		}
	}
}

func TestEveryAlertHasItsSectionInTheRunbook(t *testing.T) {
	const page = "https://github.com/entraredis/entraredis/blob/main/docs/runbook.md#"
	runbook := read(t, "../../docs/runbook.md")
	headlines := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(runbook, -1) {
		headlines[match[1]] = true
	}
	for _, a := range all(t) {
		// GitHub makes the anchor of a headline by writing it in lower case.
		if got := a.field(t, "runbook_url"); got != page+strings.ToLower(a.name) {
			t.Errorf("%s: runbook_url %s", a.name, got)
		}
		if !headlines[a.name] {
			t.Errorf("docs/runbook.md has no section %s", a.name)
		}
		_, section, _ := strings.Cut(runbook, "\n## "+a.name+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		for _, part := range []string{"**Means.**", "**See what is wrong.**", "**Goes away**"} {
			if !strings.Contains(section, part) {
				t.Errorf("docs/runbook.md: section %s has no part %s", a.name, part)
			}
		}
		delete(headlines, a.name)
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
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		for _, test := range strings.Split(read(t, file), "  - name: ")[1:] {
			fired := strings.Contains(test, "exp_alerts:\n")
			for _, match := range regexp.MustCompile(`alertname: (\w+)`).FindAllStringSubmatch(test, -1) {
				fires[match[1]] = fires[match[1]] || fired
				silent[match[1]] = silent[match[1]] || !fired
			}
		}
	}
	for _, a := range all(t) {
		if !fires[a.name] || !silent[a.name] {
			t.Errorf("%s: a test in which it fires: %t, one in which it never does: %t", a.name, fires[a.name], silent[a.name])
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
	for _, a := range all(t) {
		want := strings.ToLower(a.name) + " " + a.field(t, "severity") + " " + a.field(t, "for")
		if got := documented[a.name]; got != want {
			t.Errorf("docs/observability.md: %s: got %q, want %q", a.name, got, want)
		}
		delete(documented, a.name)
	}
	for name := range documented {
		t.Errorf("docs/observability.md: there is no alert %s", name)
	}
}

func TestCallersCannotChangeTheRules(t *testing.T) {
	clear(alerts.Rules())
	all(t)
}

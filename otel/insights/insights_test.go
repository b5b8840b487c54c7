package insights_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/otel/insights/internal/azure"
)

const page = "../../docs/application-insights.md"

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCommittedFilesAreWhatTheQueriesSay(t *testing.T) {
	workbook, err := azure.Workbook()
	if err != nil {
		t.Fatal(err)
	}
	made, err := azure.Page(read(t, page))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"../workbook.json": string(workbook), "../scheduledqueryrules.bicep": string(azure.Bicep()), page: made,
	} {
		if diff := cmp.Diff(want, read(t, name)); diff != "" {
			t.Errorf("%s is old, run go generate ./otel/insights (-structs +file):\n%s", name, diff)
		}
	}
}

func TestPageWithoutItsMarksIsRefused(t *testing.T) {
	for _, text := range []string{"", azure.Begin, azure.End} {
		if _, err := azure.Page(text); err == nil {
			t.Errorf("%q is a page", text)
		}
	}
}

// What a workbook of Azure Monitor must have, by the schema in microsoft/Application-Insights-Workbooks and by the
// workbooks there: one that lacks it is empty, or shows an error in place of a chart.
func TestWorkbookHasWhatAWorkbookNeeds(t *testing.T) {
	text, err := azure.Workbook()
	if err != nil {
		t.Fatal(err)
	}
	var w struct {
		Version string
		Items   []struct {
			Type    int
			Name    string
			Content struct {
				JSON, Version, Query, Title, ResourceType, Visualization string
				TimeContext                                              *struct{ DurationMs int64 }
				TimeFrom                                                 string `json:"timeContextFromParameter"`
				Parameters                                               []struct{ ID, Name, Version, Query string }
			}
		}
		Schema string `json:"$schema"`
	}
	if err := json.Unmarshal(text, &w); err != nil {
		t.Fatal(err)
	}
	if w.Version != "Notebook/1.0" || !strings.HasSuffix(w.Schema, "/schema/workbook.json") {
		t.Errorf("version %q, schema %q", w.Version, w.Schema)
	}
	parameters, names := map[string]bool{}, map[string]bool{}
	charts := 0
	for _, item := range w.Items {
		c := item.Content
		if item.Name == "" || names[item.Name] {
			t.Errorf("the name %q is empty or taken", item.Name)
		}
		names[item.Name] = true
		switch item.Type {
		case 1:
			if c.JSON == "" {
				t.Errorf("%s: no text", item.Name)
			}
		case 9:
			for _, p := range c.Parameters {
				parameters[p.Name] = true
				if p.Version != "KqlParameterItem/1.0" || p.ID == "" {
					t.Errorf("parameter %s: %+v", p.Name, p)
				}
			}
		case 3:
			charts++
			if c.Version != "KqlItem/1.0" || c.ResourceType != "microsoft.insights/components" || c.Title == "" || c.Visualization == "" {
				t.Errorf("%s: %+v", item.Name, c)
			}
			if c.TimeContext == nil || (c.TimeContext.DurationMs == 0) != (c.TimeFrom == "TimeRange") {
				t.Errorf("%s: looks at no time, or at two", item.Name)
			}
			for _, used := range regexp.MustCompile(`\{(\w+)[}:]`).FindAllStringSubmatch(c.Query, -1) {
				if !parameters[used[1]] {
					t.Errorf("%s: no parameter before it is called %s", item.Name, used[1])
				}
			}
		default:
			t.Errorf("%s: type %d", item.Name, item.Type)
		}
	}
	if charts < 10 {
		t.Errorf("%d charts", charts)
	}
}

// An operator follows the link of an alert at night.
func TestEachRuleLeadsToASectionOfTheRunbook(t *testing.T) {
	sections := read(t, "../../docs/runbook.md")
	links := regexp.MustCompile(`runbook: 'https://[^'#]*/docs/runbook\.md(#\w+)?'`).FindAllStringSubmatch(string(azure.Bicep()), -1)
	if len(links) != len(azure.Alerts()) {
		t.Errorf("%d alerts, %d links", len(azure.Alerts()), len(links))
	}
	for _, link := range links {
		if section := strings.TrimPrefix(link[1], "#"); section != "" && !strings.Contains(strings.ToLower(sections), "\n## "+section+"\n") {
			t.Errorf("the runbook has no section %s", section)
		}
	}
}

// Nothing stays of the names that queries share, and each alert has the columns that it tells apart.
func TestQueriesAreWhole(t *testing.T) {
	for _, text := range []string{read(t, "../workbook.json"), string(azure.Bicep()), read(t, page)} {
		if left := regexp.MustCompile(`\$[a-z]\w*`).FindAllString(strings.ReplaceAll(text, "$schema", ""), -1); left != nil {
			t.Errorf("%q", left)
		}
	}
	for _, a := range azure.Alerts() {
		_, columns, _ := strings.Cut(a.Query[strings.LastIndex(a.Query, "\n"):], "| project ")
		for _, d := range a.Dimensions {
			if !strings.Contains(", "+columns+",", ", "+d+",") {
				t.Errorf("%s: the query has no column %s: %s", a.Name, d, columns)
			}
		}
		if len(a.Dimensions) > 6 { // Azure Monitor's limit
			t.Errorf("%s: %d dimensions", a.Name, len(a.Dimensions))
		}
	}
}

package azure

import (
	"fmt"
	"strings"
)

// Begin and End stand in docs/application-insights.md around what Page returns.
const (
	Begin = "<!-- written by otel/insights/generate: -->\n"
	End   = "<!-- end -->\n"
)

// Page puts the queries into the page: tables of the alerts and of the views, with the query of each view.
func Page(page string) (string, error) {
	before, rest, found := strings.Cut(page, Begin)
	_, after, closed := strings.Cut(rest, End)
	if !found || !closed {
		return "", fmt.Errorf("the page lacks %q or %q", Begin, End)
	}
	var b strings.Builder
	b.WriteString(before + Begin + "\n## Alerts\n\n| alert | severity | fires when |\n|---|---|---|\n")
	for _, a := range Alerts() {
		fmt.Fprintf(&b, "| %s | %d | %s |\n", a.Name, a.Severity, a.Description)
	}
	b.WriteString("\n## Queries\n")
	for _, v := range views() {
		place := inPage
		if v.isNow {
			place = ofNow
		}
		query := place.in(v.query)
		if v.chart != "" {
			query += "\n| render " + v.chart
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n```kusto\n%s\n```\n", v.title, v.means, query)
	}
	return b.String() + "\n" + End + after, nil
}

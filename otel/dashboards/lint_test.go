package dashboards_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/otel/dashboards/internal/board"
	"github.com/entraredis/entraredis/otel/dashboards/internal/grafana"
)

// The rules of Grafana's dashboard-linter that its documentation lists, without the program, which the module proxy does
// not serve. Whether queries are PromQL is for scripts/dashboard-test.sh. template-instance-rule has an exception:
// otel/dashboards/.lint says why.

func TestDashboardIsNotEditable(t *testing.T) { // uneditable-dashboard-rule
	if board.Dashboard().Editable {
		t.Error("changes made by hand would be lost with the next version")
	}
}

func TestDataSourcesAreVariables(t *testing.T) { // template-datasource-rule, panel-datasource-rule
	kinds := map[string]string{}
	for _, v := range board.Dashboard().Templating.List {
		if v.Type == "datasource" {
			kind, _ := v.Query.(string)
			kinds[kind] = v.Name
			if v.Name != kind+"_datasource" || v.Label != strings.ToUpper(kind[:1])+kind[1:]+" data source" {
				t.Errorf("the variable of the data source %s is called %s, %q", kind, v.Name, v.Label)
			}
			continue
		}
		if v.Datasource.UID != "${prometheus_datasource}" {
			t.Errorf("variable %s asks %s", v.Name, v.Datasource.UID)
		}
	}
	if len(kinds) != 2 || kinds["prometheus"] == "" || kinds["tempo"] == "" {
		t.Errorf("variables of data sources: %v", kinds)
	}
	for _, p := range board.Dashboard().All() {
		if p.Type != grafana.Row && p.Datasource.UID != "${prometheus_datasource}" {
			t.Errorf("%s asks %s", p.Title, p.Datasource.UID)
		}
		for _, q := range p.Targets {
			if q.Datasource.UID != "${prometheus_datasource}" {
				t.Errorf("%s asks %s", p.Title, q.Datasource.UID)
			}
		}
	}
}

// Where all values are chosen, a variable must not leave out series that do not have the label.
var optional = []string{"cluster", "namespace", "pod", "instance", "pool"}

func TestVariablesAreOfTheLabels(t *testing.T) { // template-job-rule, template-instance-rule, template-on-time-change-reload-rule, template-unused-rule
	var names []string
	for _, v := range board.Dashboard().Templating.List {
		if v.Type != "query" {
			continue
		}
		names = append(names, v.Name)
		if !v.Multi || !v.IncludeAll || v.Refresh != 2 {
			t.Errorf("%s: several can be chosen: %t, all: %t; asks again when the time changes: %t", v.Name, v.Multi, v.IncludeAll, v.Refresh == 2)
		}
		if v.Label != strings.ToUpper(v.Name[:1])+v.Name[1:] {
			t.Errorf("%s is called %s", v.Name, v.Label)
		}
		if want := map[bool]string{true: ".*", false: ".+"}[slices.Contains(optional, v.Name)]; v.AllValue != want {
			t.Errorf("%s: all values are %s, want %s", v.Name, v.AllValue, want)
		}
	}
	if want := []string{"cluster", "namespace", "job", "pod", "instance", "pool"}; !slices.Equal(names, want) {
		t.Errorf("variables %v, want %v", names, want)
	}
}

// selectors are those of series in an expression.
var selectors = regexp.MustCompile(`\b(entraredis_\w+)\{([^}]*)\}(?:\[([^\]]+)\])?`)

// What breaks with a library upgrade, or when the scrape interval changes, or leaves out what the reader chose.
func TestQueriesSurviveUpgradesAndUseTheVariables(t *testing.T) { // target-job-rule, target-instance-rule, target-rate-interval-rule, target-counter-agg-rule
	for _, p := range board.Dashboard().All() {
		for _, q := range p.Targets {
			if strings.Contains(q.Expr, "otel_scope") {
				t.Errorf("%s: tells versions of the library apart: %s", p.Title, q.Expr)
			}
			found := selectors.FindAllStringSubmatchIndex(q.Expr, -1)
			if len(found) == 0 || len(found) != len(regexp.MustCompile(`\bentraredis_(token|connection|rotation)_\w+\b[^"=]*?\{`).FindAllString(q.Expr, -1)) {
				t.Errorf("%s: %d selectors are understood: %s", p.Title, len(found), q.Expr)
			}
			for _, at := range found {
				name, matchers := q.Expr[at[2]:at[3]], q.Expr[at[4]:at[5]]
				window := ""
				if at[6] >= 0 {
					window = q.Expr[at[6]:at[7]]
				}
				for _, v := range []string{"cluster", "namespace", "job", "pod", "instance"} {
					if !strings.Contains(matchers, v+`=~"$`+v+`"`) {
						t.Errorf("%s: does not heed %s: %s", p.Title, v, q.Expr)
					}
				}
				if ofPool := !strings.HasPrefix(name, "entraredis_token_"); ofPool != strings.Contains(matchers, `db_client_connection_pool_name=~"$pool"`) {
					t.Errorf("%s: heeds the pool: %t: %s", p.Title, !ofPool, q.Expr)
				}
				counter := regexp.MustCompile(`_(total|bucket|sum|count)$`).MatchString(name)
				if counter != strings.HasSuffix(q.Expr[:at[0]], "increase(") || counter != (window != "") {
					t.Errorf("%s: counters and only counters are for increase: %s", p.Title, q.Expr)
				}
				// A figure of a fixed time says so in its title.
				if window != "" && window != "$__rate_interval" && !strings.HasSuffix(p.Title, "in "+strings.Replace(window, "m", " minutes", 1)) {
					t.Errorf("%s: a window of its own, %s: %s", p.Title, window, q.Expr)
				}
			}
			if strings.Contains(q.Expr, "_bucket{") != strings.HasPrefix(q.Expr, "histogram_quantile(") { // target-histogram-rule
				t.Errorf("%s: buckets are for histogram_quantile: %s", p.Title, q.Expr)
			}
		}
	}
}

func TestPanelsHaveTitlesUnitsAndQueries(t *testing.T) { // panel-title-description-rule, panel-units-rule, panel-no-targets-rule
	for _, p := range board.Dashboard().All() {
		if p.Title == "" {
			t.Errorf("panel %d has no title", p.ID)
		}
		if p.Type == grafana.Row {
			continue
		}
		if len(p.Targets) == 0 {
			t.Errorf("%s has no query", p.Title)
		}
		if unit := p.FieldConfig.Defaults.Unit; unit != grafana.Seconds && unit != grafana.Count {
			t.Errorf("%s: unit %q", p.Title, unit)
		}
	}
}

// Grafana asks for exemplars only where it is told to, and they are of histograms.
func TestLatenciesLeadToTraces(t *testing.T) {
	leading := 0
	for _, p := range board.Dashboard().All() {
		for _, q := range p.Targets {
			latency := strings.Contains(q.Expr, "_duration_seconds_bucket{")
			if q.Exemplar != latency {
				t.Errorf("%s: asks for exemplars: %t", p.Title, q.Exemplar)
			}
			if !latency {
				continue
			}
			leading++
			if !slices.ContainsFunc(p.FieldConfig.Overrides, func(o grafana.Override) bool {
				return o.Matcher == grafana.Matcher{ID: "byName", Options: "trace_id", Scope: "exemplar"}
			}) {
				t.Errorf("%s: exemplars lead to no trace", p.Title)
			}
		}
	}
	if leading < 4 {
		t.Errorf("only %d queries have exemplars", leading)
	}
}

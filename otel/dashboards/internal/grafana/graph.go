package grafana

import (
	"net/url"
	"strconv"
	"strings"
)

// A Query is an expression and what its series are called in the legend.
type Query struct{ Expr, Legend string }

// A Hue gives the series that the legend calls Name a colour of Grafana's palette.
type Hue struct{ Name, Color string }

// A Graph is what a panel shows over time.
type Graph struct {
	Title       string
	Description string
	Unit        Unit
	Queries     []Query
	Hues        []Hue   // others get colours of the palette, one after the other
	Shades      string  // a colour that all series have shades of; else they have colours of the palette
	None        string  // what is shown where there is no series
	Points      int     // how many the queries return at most
	Bars        bool    // one for each point, on top of each other: for counts of events
	Stacked     bool    // areas on top of each other
	Steps       bool    // values that jump instead of lines between samples
	BelowZero   bool    // values below zero mean something; else the axis begins there
	Exemplars   bool    // marks that lead to traces
	Danger      *Danger // nil for none
}

// Panel returns the graph as a panel without a place.
func (g Graph) Panel() Panel {
	defaults := Defaults{
		Unit: g.Unit, NoValue: g.None, Color: Color{Mode: "palette-classic"}, Thresholds: g.Danger.thresholds(), Custom: g.lines(),
	}
	if g.Shades != "" {
		defaults.Color = Color{Mode: "shades", FixedColor: g.Shades}
	}
	if !g.BelowZero {
		zero := 0.0
		defaults.Min = &zero
	}
	return Panel{
		Type: TimeSeries, Title: g.Title, Description: g.Description, Datasource: chosen(), MaxDataPoints: g.Points,
		Targets:     g.targets(),
		FieldConfig: &FieldConfig{Defaults: defaults, Overrides: g.overrides()},
		Options: map[string]any{
			"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		},
	}
}

func (g Graph) lines() Lines {
	lines := Lines{
		DrawStyle: "line", LineInterpolation: "linear", LineWidth: 1, FillOpacity: 10, ShowPoints: "auto",
		Stacking: Stacking{Mode: "none", Group: "A"}, ThresholdsStyle: Color{Mode: "off"},
	}
	if g.Steps {
		lines.LineInterpolation = "stepAfter"
	}
	if g.Bars || g.Stacked { // without lines, which a value of 0 would have too, on top of another's
		lines.Stacking.Mode, lines.FillOpacity, lines.LineWidth, lines.ShowPoints = "normal", 70, 0, "never"
	}
	if g.Bars {
		lines.DrawStyle = "bars"
	}
	if g.Danger != nil {
		lines.ThresholdsStyle.Mode = "dashed"
	}
	return lines
}

func (g Graph) targets() []Target {
	var all []Target
	for i, q := range g.Queries {
		all = append(all, Target{
			RefID: ref(i), Datasource: chosen(), Expr: q.Expr, LegendFormat: q.Legend,
			Format: "time_series", EditorMode: "code", Range: true, Exemplar: g.Exemplars,
		})
	}
	return all
}

func (g Graph) overrides() []Override {
	all := []Override{}
	for _, h := range g.Hues {
		all = append(all, byName(h.Name, Property{"color", Color{Mode: "fixed", FixedColor: h.Color}}))
	}
	if g.Exemplars {
		all = append(all, Override{
			Matcher:    Matcher{ID: "byName", Options: "trace_id", Scope: "exemplar"},
			Properties: []Property{{"links", []FieldLink{{Title: "Trace", URL: traceURL(), TargetBlank: true}}}},
		})
	}
	return all
}

// traceURL leads to Explore with the trace that the value names. Grafana puts in the variables, which are not escaped.
func traceURL() string {
	const panes = `{"trace":{"datasource":"${` + Traces + `}","queries":[{"refId":"A","queryType":"traceql","query":"${__value.raw}"}],` +
		`"range":{"from":"${__from}","to":"${__to}"}}}`
	escaped := url.QueryEscape(panes)
	for _, variable := range []string{Traces, "__value.raw", "__from", "__to"} {
		escaped = strings.ReplaceAll(escaped, url.QueryEscape("${"+variable+"}"), "${"+variable+"}")
	}
	return "/explore?schemaVersion=1&panes=" + escaped
}

// ref is the name of the query with the index, by which a table tells columns apart.
func ref(index int) string { return "Q" + strconv.Itoa(index+1) }

package grafana

import "strconv"

// A Query is an expression and what its series are called in the legend.
type Query struct{ Expr, Legend string }

// A Graph is what a panel shows over time.
type Graph struct {
	Title       string
	Description string
	Unit        Unit
	Queries     []Query
	Stacked     bool
	Steps       bool    // values that jump, as counts do, instead of lines between samples
	BelowZero   bool    // values below zero mean something; else the axis begins there
	Danger      *Danger // nil for none
}

// A Danger is where values turn from good to bad: below Warn and Bad, or above if Bad is the greater one. Both are
// inclusive on the upper side, as Grafana's thresholds are.
type Danger struct{ Warn, Bad float64 }

func (d *Danger) thresholds() Thresholds {
	t := Thresholds{Mode: "absolute"}
	switch {
	case d == nil:
		t.Steps = []Step{{"green", nil}}
	case d.Bad < d.Warn:
		t.Steps = []Step{{"red", nil}, {"orange", &d.Bad}, {"green", &d.Warn}}
	case d.Bad == d.Warn:
		t.Steps = []Step{{"green", nil}, {"red", &d.Bad}}
	default:
		t.Steps = []Step{{"green", nil}, {"orange", &d.Warn}, {"red", &d.Bad}}
	}
	return t
}

// Panel returns the graph as a panel without a place.
func (g Graph) Panel() Panel {
	lines := &Lines{
		DrawStyle: "line", LineInterpolation: "linear", LineWidth: 1, FillOpacity: 10, ShowPoints: "auto",
		Stacking: Stacking{Mode: "none", Group: "A"}, ThresholdsStyle: Color{Mode: "off"},
	}
	if g.Steps {
		lines.LineInterpolation = "stepAfter"
	}
	if g.Stacked {
		lines.Stacking.Mode, lines.FillOpacity = "normal", 30
	}
	if g.Danger != nil {
		lines.ThresholdsStyle.Mode = "dashed"
	}
	defaults := Defaults{
		Unit: g.Unit, Color: Color{Mode: "palette-classic"}, Thresholds: g.Danger.thresholds(), Custom: lines,
	}
	if !g.BelowZero {
		zero := 0.0
		defaults.Min = &zero
	}
	return Panel{
		Type: TimeSeries, Title: g.Title, Description: g.Description, Datasource: chosen(),
		Targets:     targets(g.Queries, false),
		FieldConfig: &FieldConfig{Defaults: defaults, Overrides: []struct{}{}},
		Options: map[string]any{
			"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		},
	}
}

// A Number is what a panel says in one figure, as of now.
type Number struct {
	Title       string
	Description string
	Unit        Unit
	Expr        string
	None        string // what is shown where there is no series
	Danger      *Danger
}

// Panel returns the number as a panel without a place.
func (n Number) Panel() Panel {
	return Panel{
		Type: Stat, Title: n.Title, Description: n.Description, Datasource: chosen(),
		Targets: targets([]Query{{n.Expr, ""}}, true),
		FieldConfig: &FieldConfig{
			Defaults: Defaults{
				Unit: n.Unit, NoValue: n.None, Color: Color{Mode: "thresholds"}, Thresholds: n.Danger.thresholds(),
			},
			Overrides: []struct{}{},
		},
		Options: map[string]any{
			"colorMode": "background", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "value",
			"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		},
	}
}

func targets(queries []Query, instant bool) []Target {
	var all []Target
	for i, q := range queries {
		ref := "Q" + strconv.Itoa(i+1)
		all = append(all, Target{
			RefID: ref, Datasource: chosen(), Expr: q.Expr, LegendFormat: q.Legend,
			EditorMode: "code", Range: !instant, Instant: instant,
		})
	}
	return all
}

package grafana

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
		Targets: []Target{{
			RefID: ref(0), Datasource: chosen(), Expr: n.Expr, Format: "time_series", EditorMode: "code", Instant: true,
		}},
		FieldConfig: &FieldConfig{
			Defaults: Defaults{
				Unit: n.Unit, NoValue: n.None, Color: Color{Mode: "thresholds"}, Thresholds: n.Danger.thresholds(),
			},
			Overrides: []Override{},
		},
		Options: map[string]any{
			"colorMode": "background", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "value",
			"wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard",
			"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		},
	}
}

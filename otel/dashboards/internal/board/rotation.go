package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func rotation() grafana.Section {
	return grafana.Section{Title: "Rotation", Height: graphHeight, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "Connections still to renew",
			Description: "Jumps up when a newer token is there, and falls to 0 evenly over the window. A line that stays up: the first connection's AUTH was refused, so that the others wait, or some cannot be renewed. " +
				"See \"AUTHs that failed\" and \"Connections by token state\".",
			Unit: grafana.Count, Steps: true,
			Queries: []grafana.Query{{
				Expr:   `sum by (` + pool + `) (entraredis_rotation_pending{` + ofPool + `})`,
				Legend: "{{" + pool + "}}",
			}},
		}.Panel(),
		grafana.Graph{
			Title: "Window and duration",
			Description: "Over how long a rotation is meant to be spread, and how long 95 % took. Windows are up to 10 minutes; one of seconds comes from a token that was renewed late. " +
				"A duration far above the window: AUTHs are refused or wait behind blocking commands.",
			Unit: grafana.Seconds,
			Queries: []grafana.Query{
				{Expr: `max by (` + pool + `) (entraredis_rotation_window_seconds{` + ofPool + `})`, Legend: "window {{" + pool + "}}"},
				{Expr: quantile("0.95", pool, "entraredis_rotation_duration_seconds", ofPool), Legend: "took {{" + pool + "}}"},
			},
		}.Panel(),
	}}
}

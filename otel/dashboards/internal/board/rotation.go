package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func rotation() grafana.Section {
	return grafana.Section{Title: "Rotation", Height: graphHeight, Collapsed: true, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "Connections still to renew",
			Description: "Jumps up when a newer token is there, and falls to 0 evenly over the window. A line that stays up: the first connection's AUTH was refused, so that the others wait, or some cannot be renewed. " +
				"See \"AUTHs that failed\" and \"Connections by token state\".",
			Unit: grafana.Count, Points: graphPoints, Steps: true,
			Queries: []grafana.Query{{
				Expr:   `sum(entraredis_rotation_pending{` + ofPool + `})`,
				Legend: "still to renew",
			}},
		}.Panel(),
		grafana.Graph{
			Title: "Rotation window",
			Description: "Over how long a rotation is meant to be spread, where it is longest. Windows are up to 10 minutes; one of seconds comes from a token that was renewed late, see \"Time to expiry\". " +
				"0 without a rotation.",
			Unit: grafana.Seconds, Points: graphPoints, Steps: true,
			Queries: []grafana.Query{{
				Expr:   `max(entraredis_rotation_window_seconds{` + ofPool + `})`,
				Legend: "longest window",
			}},
		}.Panel(),
		grafana.Graph{
			Title: "Duration of rotations",
			Description: "How long rotations took. Far above \"Rotation window\": AUTHs are refused or wait behind blocking commands. " +
				"From the histogram entraredis.rotation.duration, whose group of metrics is off by default.",
			Unit: grafana.Seconds, Points: histogramPoints, Exemplars: true,
			Queries: []grafana.Query{
				{Expr: quantile("0.5", "", "entraredis_rotation_duration_seconds", ofPool), Legend: "half are below"},
				{Expr: quantile("0.95", "", "entraredis_rotation_duration_seconds", ofPool), Legend: "95 % are below"},
			},
		}.Panel(),
	}}
}

package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func token() grafana.Section {
	const left = `entraredis_token_time_to_expiry_seconds{` + ofPod + `}`
	return grafana.Section{Title: "Token", Height: graphHeight, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "Time to expiry",
			Description: "What is left of the token in the pod where it expires first, and in the median pod. A pod's own line is a saw: it falls by a second each second and jumps up with every renewal, at 70 to 80 % of the token's life. " +
				"Below 4 minutes a token was not renewed in time: see \"Requests to Entra by outcome\" for that moment. Below zero it has expired.",
			Unit: grafana.Seconds, Points: graphPoints, BelowZero: true, Hues: ofPods("first to expire", "median"), Danger: &grafana.Danger{Below: true, Warn: 600, Bad: 240},
			Queries: []grafana.Query{
				{Expr: `min(` + left + `)`, Legend: "first to expire"},
				{Expr: `quantile(0.5, ` + left + `)`, Legend: "median"},
			},
		}.Panel(),
		grafana.Graph{
			Title: "Renewals by trigger",
			Description: "Tokens that were acquired or renewed. \"initial\" without a restart means that a token was lost before it could be renewed. \"forced\" means that a server refused the token: runbook EntraRedisAuthRefused. " +
				"None for longer than a token lives: runbook EntraRedisTokenNotRenewed.",
			Unit: grafana.Count, Points: graphPoints, Bars: true, Hues: Hues()[trigger],
			Queries: []grafana.Query{{
				Expr:   increase(trigger, "entraredis_token_renewals_total", ofPod),
				Legend: "{{" + trigger + "}}",
			}},
		}.Panel(),
	}}
}

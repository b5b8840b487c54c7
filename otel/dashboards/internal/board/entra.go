package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func entra() grafana.Section {
	return grafana.Section{Title: "What Entra answers", Height: graphHeight, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "Requests to Entra by outcome",
			Description: "\"rejected\": an operator must fix the secret, the certificate or the identity assignment, runbook EntraRedisEntraRejecting. " +
				"\"throttled\", \"network\", \"timed_out\": they pass by themselves, check network and proxy if they do not. \"malformed\": the token names no user, check the scope or set Options.Username. " +
				"\"renewed\" counts newer tokens. The log line has the HTTP status and the AADSTS code.",
			Unit: grafana.Count, Points: graphPoints, Bars: true, Hues: Hues()["error_type"],
			Queries: []grafana.Query{
				{Expr: increase("", "entraredis_token_renewals_total", ofPod), Legend: "renewed"},
				{Expr: increase("error_type", "entraredis_token_request_failures_total", ofPod), Legend: "{{error_type}}"},
			},
		}.Panel(),
		grafana.Graph{
			Title: "Failed attempts in a row",
			Description: "In the worst pod and in the median one. It falls to 0 with the next token. A line that climbs slowly waits longer and longer: minutes after rejections, seconds in an outage. " +
				"If only the worst pod climbs, compare its identity and network with the others; if the median climbs too, it is Entra or what all pods share.",
			Unit: grafana.Count, Points: graphPoints, Steps: true, Hues: ofPods("worst pod", "median"), Danger: &grafana.Danger{Warn: 1, Bad: 3},
			Queries: []grafana.Query{
				{Expr: `max(` + everyPod + `{` + ofPod + `})`, Legend: "worst pod"},
				{Expr: `quantile(0.5, ` + everyPod + `{` + ofPod + `})`, Legend: "median"},
			},
		}.Panel(),
	}}
}

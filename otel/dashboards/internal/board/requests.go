package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func requests() grafana.Section {
	const request = `entraredis_token_request_duration_seconds`
	return grafana.Section{Title: "What Entra answers", Height: graphHeight, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "Requests to Entra by outcome",
			Description: "Calls to the credential. \"rejected\": an operator must fix the secret, the certificate or the identity assignment, runbook EntraRedisEntraRejecting. " +
				"\"throttled\", \"network\", \"timed_out\": they pass by themselves, check network and proxy if they do not. \"malformed\": the token names no user, check the scope or set Options.Username. " +
				"The log line \"entra: no new token\" has the AADSTS code.",
			Unit: grafana.Count, Steps: true,
			Queries: []grafana.Query{
				{Expr: increase("", request+"_count", ofProcess+`, error_type=""`, perStep), Legend: "ok"},
				{
					Expr:   increase("error_type, http_response_status_code", request+"_count", ofProcess+`, error_type!=""`, perStep),
					Legend: "{{error_type}} {{http_response_status_code}}",
				},
			},
		}.Panel(),
		grafana.Graph{
			Title: "Latency of requests to Entra",
			Description: "How long one call to the credential takes. Tens to hundreds of milliseconds are normal. Seconds: a slow proxy, a credential that runs a program (az), or a chain that tries one source after the other; name the credential instead. " +
				"At 30 seconds an attempt is given up.",
			Unit: grafana.Seconds,
			Queries: []grafana.Query{
				{Expr: quantile("0.5", "", request, ofProcess), Legend: "half are below"},
				{Expr: quantile("0.99", "", request, ofProcess), Legend: "99 % are below"},
			},
		}.Panel(),
		grafana.Graph{
			Title: "Failed attempts in a row",
			Description: "Falls to 0 with the first token that comes. A line that climbs slowly is waiting longer and longer: minutes after refusals, seconds in an outage. " +
				"If only some instances climb, compare their identity and network with the others.",
			Unit: grafana.Count, Steps: true, Danger: &grafana.Danger{Warn: 1, Bad: 3},
			Queries: []grafana.Query{{
				Expr:   `max by (instance, ` + identity + `) (entraredis_token_refresh_consecutive_failures{` + ofProcess + `})`,
				Legend: "{{instance}} {{" + identity + "}}",
			}},
		}.Panel(),
	}}
}

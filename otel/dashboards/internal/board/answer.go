package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func answer() grafana.Section {
	return grafana.Section{Title: "Is it Redis authentication?", Height: answerHeight, Panels: []grafana.Panel{
		grafana.Number{
			Title: "Token expires in",
			Description: "What is left of the oldest token in use as the newest of its process. Below 10 minutes a renewal is late: see \"Requests to Entra by outcome\" for what Entra answers. " +
				"Below 4 minutes act at once, runbook EntraRedisTokenNotRenewed. Negative: it has expired, new connections cannot log in.",
			Unit: grafana.Seconds, Danger: &grafana.Danger{Warn: 600, Bad: 240}, None: "no token",
			Expr: `min(entraredis_token_time_to_expiry_seconds{` + ofProcess + `})`,
		}.Panel(),
		grafana.Number{
			Title: "Failures in a row",
			Description: "Attempts to get a token that failed since the last that did not, in the process where it is worst. 1 or 2 happen and pass. " +
				"From 3 on find the kind in \"Requests to Entra by outcome\", then runbook EntraRedisTokenRefreshFailing.",
			Unit: grafana.Count, Danger: &grafana.Danger{Warn: 1, Bad: 3},
			Expr: `max(entraredis_token_refresh_consecutive_failures{` + ofProcess + `})`,
		}.Panel(),
		grafana.Number{
			Title: "Connections at risk",
			Description: "Open connections whose token expires within 3 minutes or has expired: the server closes them then. 0 is normal. " +
				"If the token itself is fine, the server refuses it or AUTH cannot be sent on them: see \"AUTHs that failed\" and runbook EntraRedisConnectionsAtRisk.",
			Unit: grafana.Count, Danger: &grafana.Danger{Warn: 1, Bad: 1},
			Expr: `sum(entraredis_connection_active{` + ofPool + `, ` + state + `=~"at_risk|expired"})`,
		}.Panel(),
		grafana.Number{
			Title: "Worst connection",
			Description: "What is left of the token that the worst of all connections last authenticated with. Above 3 minutes at all times, unless something is wrong. " +
				"If it is low while \"Token expires in\" is high, the newer token did not reach that connection: see \"Connections still to renew\".",
			Unit: grafana.Seconds, Danger: &grafana.Danger{Warn: 180, Bad: 60}, None: "no connection",
			Expr: `min(entraredis_connection_time_to_expiry_min_seconds{` + ofPool + `})`,
		}.Panel(),
		grafana.Number{
			Title: "AUTHs refused",
			Description: "How often a server refused a token in the time shown. 0 is normal. Otherwise check that the identity has an access policy assignment on this cache, " +
				"then runbook EntraRedisAuthRefused. \"AUTHs that failed\" shows when, and the server's word for it.",
			Unit: grafana.Count, Danger: &grafana.Danger{Warn: 1, Bad: 1}, None: "0",
			Expr: increase("", "entraredis_connection_auth_duration_seconds_count", ofPool+`, db_response_status_code=~"WRONGPASS|NOAUTH|NOPERM"`, shown),
		}.Panel(),
		grafana.Number{
			Title: "Reconnections",
			Description: "How often a connection came back after one to the same server was lost, in the time shown. Some are normal: servers are patched, networks break. " +
				"If there are many, \"Reconnections by reason\" tells whether tokens had to do with it.",
			Unit: grafana.Count,
			Expr: increase("", "entraredis_connection_reconnections_total", ofPool, shown),
		}.Panel(),
	}}
}

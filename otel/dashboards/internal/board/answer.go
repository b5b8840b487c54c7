package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func answer() grafana.Section {
	return grafana.Section{Title: "Is it Redis authentication?", Height: answerHeight, InLine: 4, Panels: []grafana.Panel{
		grafana.Number{
			Title: "Pods that report",
			Description: "How many pods send metrics of entraredis. None: nothing is known about them, which is not the same as well. " +
				"Check that they run, that Prometheus scrapes them, and that the variables above select them.",
			Unit: grafana.Count, Danger: &grafana.Danger{Below: true, Warn: 1, Bad: 1}, None: "none",
			Expr: `count(count by (` + onePod + `) (` + everyPod + `{` + ofPod + `}))`,
		}.Panel(),
		grafana.Number{
			Title: "Pods without a token",
			Description: "Pods that hold no valid token: theirs has expired, or they never had one. They cannot log in to Redis. " +
				"\"Worst pods\" names them, \"Requests to Entra by outcome\" says what Entra answers.",
			Unit: grafana.Count, Danger: &grafana.Danger{Warn: 1, Bad: 1}, None: "no data",
			Expr: pods(everyPod + `{` + ofPod + `} unless entraredis_token_time_to_expiry_seconds{` + ofPod + `} > 0`),
		}.Panel(),
		grafana.Number{
			Title: "Token expires in",
			Description: "What is left of the token that expires first. Below 10 minutes a renewal is late: see \"Requests to Entra by outcome\" for what Entra answers. " +
				"Below 4 minutes act at once, runbook EntraRedisTokenNotRenewed. Negative: it has expired, new connections cannot log in.",
			Unit: grafana.Seconds, Danger: &grafana.Danger{Below: true, Warn: 600, Bad: 240}, None: "no token",
			Expr: `min(entraredis_token_time_to_expiry_seconds{` + ofPod + `})`,
		}.Panel(),
		grafana.Number{
			Title: "Failures in a row",
			Description: "Attempts to get a token that failed since the last success, in the pod where it is worst. 1 or 2 happen and pass. " +
				"From 3 on find the kind in \"Requests to Entra by outcome\", then runbook EntraRedisTokenRefreshFailing.",
			Unit: grafana.Count, Danger: &grafana.Danger{Warn: 1, Bad: 3}, None: "no data",
			Expr: `max(` + everyPod + `{` + ofPod + `})`,
		}.Panel(),
		grafana.Number{
			Title: "Servers that refuse",
			Description: "Servers that answered the last AUTH of a pod with a refusal, added up over pods. 0 is normal. Otherwise check that the identity has an access policy assignment on this cache, " +
				"then runbook EntraRedisAuthRefused. \"AUTHs that failed\" shows since when, and the server's word for it.",
			Unit: grafana.Count, Danger: &grafana.Danger{Warn: 1, Bad: 1}, None: "no server",
			Expr: `sum(entraredis_connection_auth_refusing{` + ofPool + `})`,
		}.Panel(),
		grafana.Number{
			Title: "Connections at risk",
			Description: "Open connections whose token expires within 3 minutes or has expired: the server closes them then. 0 is normal. " +
				"If the token itself is fine, the server refuses it or AUTH cannot be sent on them: see \"AUTHs that failed\" and runbook EntraRedisConnectionsAtRisk.",
			Unit: grafana.Count, Danger: &grafana.Danger{Warn: 1, Bad: 1}, None: "no connection",
			Expr: `sum(entraredis_connection_active{` + ofPool + `, ` + state + `=~"at_risk|expired"})`,
		}.Panel(),
		grafana.Number{
			Title: "Worst connection",
			Description: "What is left of the token that the worst of all connections last authenticated with. Above 3 minutes at all times, unless something is wrong. " +
				"If it is low while \"Token expires in\" is high, the newer token did not reach that connection: see \"Connections still to renew\".",
			Unit: grafana.Seconds, Danger: &grafana.Danger{Below: true, Warn: 180, Bad: 60}, None: "no connection",
			Expr: `min(entraredis_connection_time_to_expiry_min_seconds{` + ofPool + `})`,
		}.Panel(),
		grafana.Number{
			Title: "Reconnections in 10 minutes",
			Description: "How often a connection came back after one to the same server was lost. Some are normal: servers are patched, networks break. " +
				"If there are many, \"Reconnections by reason\" tells whether tokens had to do with it.",
			Unit: grafana.Count, None: "no connection",
			Expr: `sum(increase(entraredis_connection_reconnections_total{` + ofPool + `}[10m]))`,
		}.Panel(),
	}}
}

package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func connections() grafana.Section {
	const left = `entraredis_connection_time_to_expiry_min_seconds{` + ofPool + `}`
	return grafana.Section{Title: "Connections", Height: graphHeight, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "Connections by token state",
			Description: "current: holds the newest token. stale: an older one that is still good; after a renewal these turn current one by one, over minutes. at_risk: its token expires within 3 minutes. expired: the server is about to close it. " +
				"stale that stays: the server refuses the newer token, see \"AUTHs that failed\". at_risk: runbook EntraRedisConnectionsAtRisk.",
			Unit: grafana.Count, Points: graphPoints, Stacked: true, Hues: Hues()[state],
			Queries: []grafana.Query{{
				Expr:   `sum by (` + state + `) (entraredis_connection_active{` + ofPool + `})`,
				Legend: "{{" + state + "}}",
			}},
		}.Panel(),
		grafana.Graph{
			Title: "Time to expiry of the worst connection",
			Description: "The connection whose token ends first, in the worst pool of a pod and in the median one. It should never be below 3 minutes. Where it is, \"Connections still to renew\" tells whether a rotation is late, \"AUTHs that failed\" whether the server refuses, " +
				"\"Retirements by reason\" (unsupported_reauth) whether AUTH cannot be sent on it: MONITOR, a long WAIT, an open transaction.",
			Unit: grafana.Seconds, Points: graphPoints, BelowZero: true, Hues: ofPods("worst", "median"), Danger: &grafana.Danger{Below: true, Warn: 180, Bad: 60},
			Queries: []grafana.Query{
				{Expr: `min(` + left + `)`, Legend: "worst"},
				{Expr: `quantile(0.5, ` + left + `)`, Legend: "median"},
			},
		}.Panel(),
		grafana.Graph{
			Title: "Age of tokens on connections",
			Description: "The oldest and the youngest token in use. After a renewal the youngest falls first, the oldest when the last connection has followed. " +
				"If the two of a single pod stay apart for longer than \"Rotation window\" says, connections are left behind.",
			Unit: grafana.Seconds, Points: graphPoints, Hues: ofPods("oldest", "youngest"),
			Queries: []grafana.Query{
				{Expr: `max(entraredis_connection_token_age_max_seconds{` + ofPool + `})`, Legend: "oldest"},
				{Expr: `min(entraredis_connection_token_age_min_seconds{` + ofPool + `})`, Legend: "youngest"},
			},
		}.Panel(),
	}}
}

func losses() grafana.Section {
	return grafana.Section{Title: "Lost and found again", Height: graphHeight, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "Retirements by reason",
			Description: "Connections that ended because of their token. auth_rejected: the server refused a login, runbook EntraRedisAuthRefused. auth_timeout: an AUTH was never answered, look at the server's load. " +
				"token_expired: it could not be renewed in time. unsupported_reauth: ended in order because AUTH may not be sent on it. protocol: report it to us.",
			Unit: grafana.Count, Points: graphPoints, Bars: true, Hues: Hues()[reason],
			Queries: []grafana.Query{{
				Expr:   increase(reason, "entraredis_connection_retirements_total", ofPool),
				Legend: "{{" + reason + "}}",
			}},
		}.Panel(),
		grafana.Graph{
			Title: "Reconnections by reason",
			Description: "Connections that came back, by what became of the one before. server_closed: the server or the network; with a peak look for a reboot, a failover or a scaling of the cache. " +
				"Anything else has to do with tokens, see \"Retirements by reason\". Peaks that go on: runbook EntraRedisReconnectStorm.",
			Unit: grafana.Count, Points: graphPoints, Bars: true, Hues: Hues()[reason],
			Queries: []grafana.Query{{
				Expr:   increase(reason, "entraredis_connection_reconnections_total", ofPool),
				Legend: "{{" + reason + "}}",
			}},
		}.Panel(),
	}}
}

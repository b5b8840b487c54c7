package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func connections() grafana.Section {
	return grafana.Section{Title: "Connections", Height: graphHeight, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "Connections by token state",
			Description: "current: holds the newest token. stale: an older one that is still good; after a renewal these turn current one by one, over minutes. at_risk: its token expires within 3 minutes. expired: the server is about to close it. " +
				"stale that stays: the server refuses the newer token, see \"AUTHs that failed\". at_risk: runbook EntraRedisConnectionsAtRisk.",
			Unit: grafana.Count, Stacked: true,
			Queries: []grafana.Query{{
				Expr:   `sum by (` + state + `) (entraredis_connection_active{` + ofPool + `})`,
				Legend: "{{" + state + "}}",
			}},
		}.Panel(),
		grafana.Graph{
			Title: "Time to expiry of the worst connection",
			Description: "The connection of each pool whose token ends first. It should never be below 3 minutes. Where it is, \"Connections still to renew\" tells whether a rotation is late, \"AUTHs that failed\" whether the server refuses, " +
				"\"Retirements by reason\" (unsupported_reauth) whether AUTH cannot be sent on it: MONITOR, a long WAIT, an open transaction.",
			Unit: grafana.Seconds, BelowZero: true, Danger: &grafana.Danger{Warn: 180, Bad: 60},
			Queries: []grafana.Query{{
				Expr:   `min by (` + pool + `) (entraredis_connection_time_to_expiry_min_seconds{` + ofPool + `})`,
				Legend: "{{" + pool + "}}",
			}},
		}.Panel(),
		grafana.Graph{
			Title: "Age of tokens on connections",
			Description: "The oldest and the youngest token in use. After a renewal the youngest falls first, the oldest when the last connection has followed. " +
				"If the two stay apart for longer than \"Window and duration\" says, connections are left behind.",
			Unit: grafana.Seconds,
			Queries: []grafana.Query{
				{Expr: `max by (` + pool + `) (entraredis_connection_token_age_max_seconds{` + ofPool + `})`, Legend: "oldest {{" + pool + "}}"},
				{Expr: `min by (` + pool + `) (entraredis_connection_token_age_min_seconds{` + ofPool + `})`, Legend: "youngest {{" + pool + "}}"},
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
			Unit: grafana.Count, Steps: true,
			Queries: []grafana.Query{{
				Expr:   increase(reason, "entraredis_connection_retirements_total", ofPool, perStep),
				Legend: "{{" + reason + "}}",
			}},
		}.Panel(),
		grafana.Graph{
			Title: "Reconnections by reason",
			Description: "Connections that came back, by what became of the one before. server_closed: the server or the network; with a peak look for a reboot, a failover or a scaling of the cache. " +
				"Anything else has to do with tokens, see \"Retirements by reason\". Peaks that go on: runbook EntraRedisReconnectStorm.",
			Unit: grafana.Count, Steps: true,
			Queries: []grafana.Query{{
				Expr:   increase(reason, "entraredis_connection_reconnections_total", ofPool, perStep),
				Legend: "{{" + reason + "}}",
			}},
		}.Panel(),
	}}
}

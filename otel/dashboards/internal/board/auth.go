package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func auth() grafana.Section {
	const duration = `entraredis_connection_auth_duration_seconds`
	return grafana.Section{Title: "AUTH", Height: graphHeight, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "AUTHs by phase",
			Description: "initial: logins of new connections. rotation: a newer token for open ones, a plateau after each renewal. retry: the server had refused it before. " +
				"A peak of initial is a wave of new connections: see \"Reconnections by reason\". A rotation that is a needle instead of a plateau: the window was short because the renewal was late.",
			Unit: grafana.Count, Steps: true,
			Queries: []grafana.Query{{
				Expr:   increase(phase, duration+"_count", ofPool, perStep),
				Legend: "{{" + phase + "}}",
			}},
		}.Panel(),
		grafana.Graph{
			Title: "Latency of AUTH by phase",
			Description: "From the write to the server's answer. Milliseconds are normal. If it grows while other commands are fast, many processes may rotate at the same moment; if they are slow too, it is the server or the network. " +
				"An AUTH without an answer for a minute ends its connection (auth_timeout).",
			Unit: grafana.Seconds,
			Queries: []grafana.Query{
				{Expr: quantile("0.5", phase, duration, ofPool), Legend: "half of {{" + phase + "}}"},
				{Expr: quantile("0.99", phase, duration, ofPool), Legend: "99 % of {{" + phase + "}}"},
			},
		}.Panel(),
		grafana.Graph{
			Title: "AUTHs that failed",
			Description: "WRONGPASS: the user name is not the token's oid, or there is no access policy assignment. NOPERM, NOAUTH: the assignment was changed. A login that fails fails a command; a rotation that fails is tried again while the old token lives. " +
				"Runbook EntraRedisAuthRefused. ERR, LOADING, BUSY: the server is full, starting or busy, the token is not the matter. timeout: it did not answer. connection_lost, closed: the connection ended before the answer.",
			Unit: grafana.Count, Steps: true,
			Queries: []grafana.Query{{
				Expr:   increase("error_type, "+phase, duration+"_count", ofPool+`, error_type!=""`, perStep),
				Legend: "{{error_type}} {{" + phase + "}}",
			}},
		}.Panel(),
	}}
}

package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func redis() grafana.Section {
	return grafana.Section{Title: "What Redis answers", Height: graphHeight, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "AUTHs that failed",
			Description: "WRONGPASS: the user name is not the token's oid, or there is no access policy assignment. NOPERM, NOAUTH: the assignment was changed. ERR: the address leads to a server without Entra authentication. " +
				"Runbook EntraRedisAuthRefused. auth_timeout: the server did not answer. LOADING, BUSY and other transient answers do not count. A login that fails fails a command; a renewal that fails is tried again while the old token lives.",
			Unit: grafana.Count, Points: graphPoints, Bars: true, Hues: Hues()[code],
			Queries: []grafana.Query{
				{Expr: increase(code, "entraredis_connection_auth_refusals_total", ofPool), Legend: "{{" + code + "}}"},
				{Expr: increase("", "entraredis_connection_retirements_total", ofPool+`, `+reason+`="auth_timeout"`), Legend: "auth_timeout"},
			},
		}.Panel(),
		grafana.Graph{
			Title: "Servers that refuse by pool",
			Description: "Servers that answered the last AUTH with a refusal, added up over pods; pools without one are left out. One pool: its cache has no access policy assignment for the identity. " +
				"All pools of an identity: look at the identity. It falls when a server accepts again, runbook EntraRedisAuthRefused.",
			Unit: grafana.Count, Points: graphPoints, Steps: true, Shades: bad, None: "No server refuses, or no pod reports: see the first row.",
			Queries: []grafana.Query{{
				Expr:   `sum by (` + pool + `) (entraredis_connection_auth_refusing{` + ofPool + `}) > 0`,
				Legend: "{{" + pool + "}}",
			}},
		}.Panel(),
	}}
}

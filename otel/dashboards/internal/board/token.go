package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func token() grafana.Section {
	const (
		refreshes = `entraredis_token_refresh_duration_seconds_count`
		remaining = `entraredis_token_refresh_remaining_lifetime_seconds`
	)
	return grafana.Section{Title: "Token", Height: graphHeight, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "Time to expiry",
			Description: "A saw: it falls by a second each second and jumps up with every renewal, at 70 to 80 % of the token's life. " +
				"A tooth that goes below 4 minutes was not renewed in time: see \"Requests to Entra by outcome\" for that moment. Below zero the token has expired.",
			Unit: grafana.Seconds, BelowZero: true, Danger: &grafana.Danger{Warn: 600, Bad: 240},
			Queries: []grafana.Query{{
				Expr:   `min by (instance, ` + identity + `) (entraredis_token_time_to_expiry_seconds{` + ofProcess + `})`,
				Legend: "{{instance}} {{" + identity + "}}",
			}},
		}.Panel(),
		grafana.Graph{
			Title: "Renewals by trigger",
			Description: "Tokens that were acquired or renewed. \"initial\" without a restart means that a token was lost before it could be renewed. \"forced\" means that a server refused the token: runbook EntraRedisAuthRefused. " +
				"\"after expiry\" came too late: runbook EntraRedisTokenNotRenewed.",
			Unit: grafana.Count, Steps: true,
			Queries: []grafana.Query{
				{Expr: increase(trigger, refreshes, ofProcess+`, error_type=""`, perStep), Legend: "{{" + trigger + "}}"},
				// Scraped as OpenMetrics the bucket is called 0.0, through OTLP 0.
				{Expr: increase("", remaining+"_bucket", ofProcess+`, le=~"0|0[.]0"`, perStep), Legend: "after expiry"},
			},
		}.Panel(),
		grafana.Graph{
			Title: "Life left at renewal",
			Description: "What the old token had left when the newer one came. A fifth of its life or more is normal; developers' logins (az login) and others that cannot skip their cache renew with 4 to 5 minutes left. " +
				"0: it had expired. If it shrinks from renewal to renewal, Entra or the way to it is getting slow.",
			Unit: grafana.Seconds,
			Queries: []grafana.Query{
				{
					Expr:   increase("", remaining+"_sum", ofProcess, perStep) + " / " + increase("", remaining+"_count", ofProcess, perStep),
					Legend: "average",
				},
				{
					Expr:   quantile("0.1", "", remaining, ofProcess),
					Legend: "a tenth had less",
				},
			},
		}.Panel(),
	}}
}

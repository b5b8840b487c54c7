package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

func latency() grafana.Section {
	const (
		auth      = `entraredis_connection_auth_duration_seconds`
		request   = `entraredis_token_request_duration_seconds`
		remaining = `entraredis_token_refresh_remaining_lifetime_seconds`
	)
	return grafana.Section{Title: "Latency", Height: graphHeight, Collapsed: true, Panels: []grafana.Panel{
		grafana.Graph{
			Title: "AUTHs by phase",
			Description: "initial: logins of new connections. rotation: a newer token for open ones, a plateau after each renewal. retry: the server had refused it before. failed: refused or not answered, see \"AUTHs that failed\". " +
				"A peak of initial is a wave of new connections: see \"Reconnections by reason\". A rotation that is a needle instead of a plateau: the window was short because the renewal was late. " +
				"From the histogram entraredis.connection.auth.duration, whose group of metrics is off by default.",
			Unit: grafana.Count, Points: histogramPoints, Bars: true, Hues: Hues()[phase],
			Queries: []grafana.Query{
				{Expr: increase(phase, auth+"_count", ofPool+`, error_type=""`), Legend: "{{" + phase + "}}"},
				{Expr: increase("", auth+"_count", ofPool+`, error_type!=""`), Legend: "failed"},
			},
		}.Panel(),
		grafana.Graph{
			Title: "Latency of AUTH by phase",
			Description: "From the write to the server's answer, of AUTHs that were accepted. Milliseconds are normal. If it grows while other commands are fast, many pods may rotate at the same moment; if they are slow too, it is the server or the network. " +
				"A mark is one AUTH and leads to its trace. From the histogram entraredis.connection.auth.duration, whose group of metrics is off by default.",
			Unit: grafana.Seconds, Points: histogramPoints, Exemplars: true,
			Queries: []grafana.Query{
				{Expr: quantile("0.5", phase, auth, ofPool+`, error_type=""`), Legend: "half of {{" + phase + "}}"},
				{Expr: quantile("0.99", phase, auth, ofPool+`, error_type=""`), Legend: "99 % of {{" + phase + "}}"},
			},
		}.Panel(),
		grafana.Graph{
			Title: "Latency of requests to Entra",
			Description: "How long one call to the credential takes. Tens to hundreds of milliseconds are normal. Seconds: a slow proxy, a credential that runs a program (az), or a chain that tries one source after the other; name the credential instead. " +
				"At 30 seconds an attempt is given up. A mark is one call and leads to its trace. From the histogram entraredis.token.request.duration, whose group of metrics is off by default.",
			Unit: grafana.Seconds, Points: histogramPoints, Exemplars: true,
			Queries: []grafana.Query{
				{Expr: quantile("0.5", "", request, ofPod+`, error_type=""`), Legend: "half are below"},
				{Expr: quantile("0.99", "", request, ofPod+`, error_type=""`), Legend: "99 % are below"},
			},
		}.Panel(),
		grafana.Graph{
			Title: "Life left at renewal",
			Description: "What the old token had left when the newer one came. A fifth of its life or more is normal; developers' logins (az login) and others that cannot skip their cache renew with 4 to 5 minutes left. " +
				"0: it had expired. If it shrinks from renewal to renewal, Entra or the way to it is getting slow. " +
				"From the histogram entraredis.token.refresh.remaining_lifetime.",
			Unit: grafana.Seconds, Points: histogramPoints,
			Queries: []grafana.Query{
				{
					Expr:   increase("", remaining+"_sum", ofPod) + " / " + increase("", remaining+"_count", ofPod),
					Legend: "average",
				},
				{
					Expr:   quantile("0.1", "", remaining, ofPod),
					Legend: "a tenth had less",
				},
			},
		}.Panel(),
	}}
}

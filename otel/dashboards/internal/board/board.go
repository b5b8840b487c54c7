package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

// Runbook is where the dashboard and the alerts send their readers.
const Runbook = "https://github.com/entraredis/entraredis/blob/main/docs/runbook.md"

// Dashboard returns the whole of it.
func Dashboard() grafana.Dashboard {
	return grafana.Dashboard{
		UID:           "entraredis",
		Title:         "Redis authentication with Microsoft Entra ID",
		Description:   "Is Redis authentication the problem? From the metrics of entraredis. The first row answers, the others tell why.",
		Tags:          []string{"redis", "entra", "opentelemetry"},
		SchemaVersion: grafana.SchemaVersion,
		Version:       1,
		GraphTooltip:  grafana.SharedCrosshair,
		Refresh:       "30s",
		Time:          grafana.TimeRange{From: "now-3h", To: "now"}, // two lives of a token
		Timezone:      "browser",
		Links: []grafana.Link{{
			Title: "Runbook", Type: "link", Icon: "doc", Tooltip: "What to do for each alert", URL: Runbook, TargetBlank: true, Tags: []string{},
		}},
		Templating:  grafana.Templating{List: variables()},
		Annotations: grafana.Annotations{List: []grafana.Annotation{alerts()}},
		Panels: grafana.Lay([]grafana.Section{
			answer(), worst(), token(), entra(), redis(), connections(), losses(), rotation(), latency(),
		}),
	}
}

// alerts marks when alerts fired. Each is one mark, for however many pods it fired.
func alerts() grafana.Annotation {
	return grafana.Mark{
		Name:  "Alerts",
		Expr:  `count by (alertname, severity) (ALERTS{alertname=~"EntraRedis.*", alertstate="firing", ` + ofService + `})`,
		Title: "{{alertname}}", Text: "{{severity}}", Tags: "alertname,severity", Color: "red", Step: "60s",
	}.Annotation()
}

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
		Editable:      true,
		GraphTooltip:  grafana.SharedCrosshair,
		Refresh:       "30s",
		Time:          grafana.TimeRange{From: "now-3h", To: "now"}, // two lives of a token
		Timezone:      "browser",
		Links:         []grafana.Link{{Title: "Runbook", Type: "link", URL: Runbook, TargetBlank: true, Tags: []string{}}},
		Templating: grafana.Templating{List: []grafana.Variable{
			grafana.DatasourceVariable(),
			grafana.LabelVariable("job", "Job", everyProcess, "job"),
			grafana.LabelVariable("instance", "Instance", everyProcess+`{job=~"$job"}`, "instance"),
			grafana.LabelVariable("pool", "Pool", "entraredis_connection_active{"+ofProcess+"}", pool),
		}},
		Annotations: grafana.Annotations{List: []struct{}{}},
		Panels: grafana.Lay([]grafana.Section{
			answer(), token(), requests(), connections(), losses(), auth(), rotation(),
		}),
	}
}

// The labels that panels select and group by. Never the otel_scope_ ones: they change with every release of the
// library, and a rate that tells them apart breaks off there.
const (
	identity = "entraredis_identity_name"
	pool     = "db_client_connection_pool_name"
	phase    = "entraredis_auth_phase"
	reason   = "entraredis_connection_retire_reason"
	state    = "entraredis_connection_token_state"
	trigger  = "entraredis_token_refresh_trigger"

	// everyProcess is what each process reports from its start on, also one that has never had a token or a connection.
	everyProcess = "entraredis_token_refresh_consecutive_failures"

	ofProcess = `job=~"$job", instance=~"$instance"`
	ofPool    = ofProcess + `, ` + pool + `=~"$pool"`
)

const (
	answerHeight = 4
	graphHeight  = 8
)

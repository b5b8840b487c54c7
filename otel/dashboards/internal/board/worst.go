package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

// never stands for the time to expiry of a pod that has not had a token yet.
const never = "-1e9"

func worst() grafana.Section {
	const most = "100" // lines for each column, however many pods are unwell
	return grafana.Section{Title: "Who has it?", Height: tableHeight, Panels: []grafana.Panel{
		grafana.Table{
			Title: "Worst pods",
			Description: "The pods that are unwell, and only what is wrong with them: an empty cell is well, an empty table too. At most " + most + " pods for each column. " +
				"A click on a pod shows the dashboard for that pod alone. One pod of many: look at its node, its network and its identity; all pods of a service: its identity; all services: Entra or the cache.",
			None: "No pod is unwell, or none reports: see the first row.",
			Labels: []grafana.Label{
				{Name: "cluster", Title: "Cluster"},
				{Name: "namespace", Title: "Namespace"},
				{Name: "job", Title: "Job"},
				{Name: "pod", Title: "Pod", Link: &grafana.FieldLink{
					Title: "This pod alone",
					URL:   "/d/entraredis?var-" + grafana.Metrics + "=${" + grafana.Metrics + "}&var-pod=${__value.raw}&${__url_time_range}",
				}},
				{Name: "instance", Title: "Instance"},
			},
			Columns: []grafana.Column{
				{
					Title: "Token expires in", Unit: grafana.Seconds, Danger: &grafana.Danger{Below: true, Warn: 600, Bad: 240},
					Words: []grafana.Words{{To: -1e8, Text: "never had one"}},
					Expr: `bottomk(` + most + `, (min by (` + onePod + `) (entraredis_token_time_to_expiry_seconds{` + ofPod + `})` +
						` or ` + never + ` + 0 * max by (` + onePod + `) (` + everyPod + `{` + ofPod + `})) < 600)`,
				},
				{
					Title: "Failures in a row", Unit: grafana.Count, Danger: &grafana.Danger{Warn: 1, Bad: 3},
					Expr: `topk(` + most + `, max by (` + onePod + `) (` + everyPod + `{` + ofPod + `}) > 0)`,
				},
				{
					Title: "Servers that refuse", Unit: grafana.Count, Danger: &grafana.Danger{Warn: 1, Bad: 1},
					Expr: `topk(` + most + `, sum by (` + onePod + `) (entraredis_connection_auth_refusing{` + ofPool + `}) > 0)`,
				},
				{
					Title: "Connections at risk", Unit: grafana.Count, Danger: &grafana.Danger{Warn: 1, Bad: 1},
					Expr: `topk(` + most + `, sum by (` + onePod + `) (entraredis_connection_active{` + ofPool + `, ` + state + `=~"at_risk|expired"}) > 0)`,
				},
				{
					Title: "Worst connection", Unit: grafana.Seconds, Danger: &grafana.Danger{Below: true, Warn: 180, Bad: 60},
					Expr: `bottomk(` + most + `, min by (` + onePod + `) (entraredis_connection_time_to_expiry_min_seconds{` + ofPool + `}) < 180)`,
				},
			},
		}.Panel(),
	}}
}

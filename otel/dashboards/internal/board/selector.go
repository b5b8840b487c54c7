package board

import "github.com/entraredis/entraredis/otel/dashboards/internal/grafana"

// The labels that panels select and group by. Never the otel_scope_ ones: they change with every release of the
// library, and a rate that tells them apart breaks off there.
const (
	identity = "entraredis_identity_name"
	pool     = "db_client_connection_pool_name"
	phase    = "entraredis_auth_phase"
	reason   = "entraredis_connection_retire_reason"
	state    = "entraredis_connection_token_state"
	trigger  = "entraredis_token_refresh_trigger"
	code     = "db_response_status_code"

	// everyPod is what each pod reports from its start on, also one that has never had a token or a connection.
	everyPod = "entraredis_token_refresh_consecutive_failures"

	// onePod tells pods apart. Outside of Kubernetes there is only an instance.
	onePod = "cluster, namespace, job, pod, instance"

	ofService = `cluster=~"$cluster", namespace=~"$namespace", job=~"$job"`
	ofPod     = ofService + `, pod=~"$pod", instance=~"$instance"`
	ofPool    = ofPod + `, ` + pool + `=~"$pool"`
)

// variables are what the reader can choose. Series outside of Kubernetes have neither cluster, namespace nor pod, and
// those that come through OTLP have no instance if the program sets no service.instance.id.
func variables() []grafana.Variable {
	const (
		every = ".*"
		named = ".+"
	)
	return []grafana.Variable{
		grafana.MetricsVariable(),
		grafana.LabelVariable{Name: "cluster", Title: "Cluster", Selector: everyPod, Label: "cluster", All: every}.Variable(),
		grafana.LabelVariable{
			Name: "namespace", Title: "Namespace", Selector: everyPod + `{cluster=~"$cluster"}`, Label: "namespace", All: every,
		}.Variable(),
		grafana.LabelVariable{
			Name: "job", Title: "Job", Selector: everyPod + `{cluster=~"$cluster", namespace=~"$namespace"}`, Label: "job", All: named,
		}.Variable(),
		grafana.LabelVariable{Name: "pod", Title: "Pod", Selector: everyPod + `{` + ofService + `}`, Label: "pod", All: every}.Variable(),
		grafana.LabelVariable{
			Name: "instance", Title: "Instance", Selector: everyPod + `{` + ofService + `, pod=~"$pod"}`, Label: "instance", All: every,
		}.Variable(),
		grafana.LabelVariable{Name: "pool", Title: "Pool", Selector: "entraredis_connection_active{" + ofPod + "}", Label: pool, All: every}.Variable(),
		grafana.TracesVariable(),
	}
}

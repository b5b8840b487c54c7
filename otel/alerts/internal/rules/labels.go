package rules

import (
	"slices"
	"strings"
)

// scopeLabels change with the library's version.
func scopeLabels() []string {
	return []string{"otel_scope_name", "otel_scope_version", "otel_scope_schema_url"}
}

// podLabels differ between the pods of one service, or between one deployment of it and the next. They are those of
// Prometheus, of the Kubernetes scrape configurations in use, and of OpenTelemetry's resource attributes.
func podLabels() []string {
	return []string{
		"instance", "pod", "pod_ip", "pod_name", "kubernetes_pod_name", "node", "host",
		"pod_template_hash", "controller_revision_hash", "statefulset_kubernetes_io_pod_name", "apps_kubernetes_io_pod_index",
		"service_instance_id", "k8s_pod_name", "k8s_pod_uid", "k8s_pod_ip", "k8s_node_name", "host_name",
	}
}

func identityLabels() []string {
	return []string{"entraredis_identity_name", "entraredis_token_source"}
}

func poolLabels() []string {
	return []string{"db_system_name", "db_client_connection_pool_name", "server_address", "server_port", "entraredis_client_library"}
}

// list joins labels for without (...) and ignoring (...).
func list(labels ...[]string) string { return strings.Join(slices.Concat(labels...), ", ") }

package azure

import "strings"

// Where a query stands decides over which time it looks, in which steps, and at which services.
type place struct {
	scope string // a line of the query
	step  string
}

var (
	inPage     = place{scope: "| where timestamp > ago(3h)", step: "5m"}
	inWorkbook = place{scope: "| where cloud_RoleName in ({Service})", step: "{TimeRange:grain}"}
	// In alerts, and in tables of what is wrong now. It covers a life of a token.
	ofNow = place{scope: "| where timestamp > ago(1h)", step: "5m"}
)

// A Go program's resource attributes arrive as custom dimensions, see docs/application-insights.md. A dimension of an
// alert must not be empty.
const metrics = `let metrics = customMetrics
$scope
| where name startswith "entraredis."
| extend cluster = coalesce(tostring(customDimensions["k8s.cluster.name"]), "-"),
    namespace = coalesce(tostring(customDimensions["k8s.namespace.name"]), "-"),
    service = coalesce(cloud_RoleName, "-"),
    pod = coalesce(tostring(customDimensions["k8s.pod.name"]), cloud_RoleInstance, "-"),
    identity = tostring(customDimensions["entraredis.identity.name"]),
    pool = tostring(customDimensions["db.client.connection.pool.name"]),
    server = tostring(customDimensions["server.address"]);
`

// in puts a query into its place. It stands for names that many queries share:
//
//	$metrics   a let with what entraredis reports
//	$scope     over which time and at which services the query looks
//	$step      the width of the bins of a chart
//	$service   the columns that name a service
//	$pod       the columns that name a pod
//	$pool      the columns that name a pool of a pod
func (p place) in(query string) string {
	return strings.NewReplacer("$scope", p.scope, "$step", p.step).Replace(strings.NewReplacer(
		"$metrics", metrics,
		"$service", "cluster, namespace, service",
		"$pod", "cluster, namespace, service, pod",
		"$pool", "cluster, namespace, service, pod, pool, server",
	).Replace(query))
}

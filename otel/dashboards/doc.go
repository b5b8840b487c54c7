// Package dashboards holds a Grafana dashboard for the metrics of otel/otelentra: whether Redis authentication is the
// problem, and if so, whose.
//
// # What it promises
//
//   - entraredis.json is a dashboard in Grafana's classic format, schema version 39, which newer versions of Grafana
//     migrate when they load it. It can be imported by hand, provisioned from a file, or sent to Grafana's API by a
//     program that takes it from [JSON].
//   - It asks for its data sources by variables, so one file serves every installation; any data source that speaks
//     PromQL will do. One of Tempo, for traces, may be absent.
//   - Its uid is "entraredis" for ever, so that links to it last and a newer version replaces the older.
//   - It expects metric names as OpenTelemetry's Prometheus exporter and Prometheus's OTLP receiver write them by
//     default (UnderscoreEscapingWithSuffixes), and the label job. It selects by cluster, namespace, pod and instance
//     where series have them. Package generate writes it for names without suffixes.
//   - With the metrics that are on by default, no query has more than 50 million samples in memory for 15,000 pods of two
//     pools, Prometheus's limit.
//   - Each panel's description says what to do when the panel looks bad.
//
// # How it is made
//
// go generate writes the file, and ../grafanadashboard.yaml for the Grafana operator, from Go structs: internal/board says
// what is on the dashboard, internal/grafana knows the format. Tests fail when the files are not what the structs say.
// scripts/dashboard-test.sh checks them against the types that Grafana publishes, scripts/dashboard-pictures.sh takes the
// pictures of docs/observability.md.
package dashboards

//go:generate go run ./generate -o entraredis.json
//go:generate go run ./generate -format operator -o ../grafanadashboard.yaml

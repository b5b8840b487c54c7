// Package dashboards holds a Grafana dashboard for the metrics of otel/otelentra: whether Redis authentication is the
// problem, and if so, whose.
//
// # What it promises
//
//   - entraredis.json is a dashboard in Grafana's classic format, schema version 39, which newer versions of Grafana
//     migrate when they load it. It can be imported by hand, provisioned from a file, or sent to Grafana's API by a
//     program that takes it from [JSON].
//   - It asks for its data source by a variable, so one file serves every installation; any data source that speaks
//     PromQL will do.
//   - Its uid is "entraredis" for ever, so that links to it last and a newer version replaces the older.
//   - It expects metric names as OpenTelemetry's Prometheus exporter and Prometheus's OTLP receiver write them by
//     default (UnderscoreEscapingWithSuffixes), and the labels job and instance.
//   - Each panel's description says what to do when the panel looks bad.
//
// # How it is made
//
// go generate writes the file and docs/images/dashboard.svg from Go structs: internal/board says what is on the
// dashboard, internal/grafana knows the format. A test fails when the files are not what the structs say.
package dashboards

//go:generate go run ./internal/generate

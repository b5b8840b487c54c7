// Package insights holds what Azure Monitor needs to show and to watch the metrics of otel/otelentra in Application
// Insights: queries in KQL, a workbook and alert rules. They answer the questions of the dashboard and of the alerts
// for Prometheus. docs/application-insights.md says how the metrics get there.
//
// # What it promises
//
//   - otel/workbook.json is an Azure Workbook. Paste it into the editor of an empty workbook of an Application
//     Insights resource.
//   - otel/scheduledqueryrules.bicep creates the alert rules.
//   - The names are those of the instruments, with dots: the exporters for Azure Monitor write them as they are.
//   - Counters and histograms have to arrive as deltas.
//
// # How it is made
//
// go generate writes the files, and the queries in docs/application-insights.md, from internal/azure. A test fails when
// they are not what it says. make observability-test has Microsoft's own parser check every query against the
// columns of the tables.
package insights

//go:generate go run ./generate

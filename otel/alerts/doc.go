// Package alerts holds Prometheus recording and alerting rules for the metrics of otel/otelentra.
//
// # What it promises
//
//   - entraredis.rules.yaml is a rule file for Prometheus 2.42 or later and compatible systems. A
//     program gets it from [Rules]. ../prometheusrule.yaml is the same for the Prometheus operator,
//     ../prometheusrulegroups.bicep for Azure Monitor managed service for Prometheus.
//   - Each alert has a severity, "critical" where commands fail or will within minutes, "warning"
//     where there is time, and a runbook_url that leads to its section in docs/runbook.md.
//   - A problem of a fifth of a service's pods or more is one alert for the service. A problem of
//     fewer is an alert for each pod, always a warning. A worse problem hides what it causes, in the
//     expressions: no Alertmanager is needed for that.
//   - Rules rest on gauges and on counters that begin at 0, because a counter that appears with its
//     first failure has not increased yet. They use no histograms.
//   - Rules keep all labels but those of the library's version, so cluster, namespace and pod
//     are there, and a new version of the library does not break them.
//   - The lives of Entra's tokens, 10 minutes to 24 hours, need no other thresholds.
//
// Each alert has tests in the folder tests: some in which it fires, and some in which it stays
// silent. promtool runs them. The Go tests check that no alert lacks such tests or its section in
// the runbook.
//
// # How it is made
//
// go generate writes the three files with the command in the folder generate. Its flags make rules
// for metrics whose names lack Prometheus's suffixes, and for labels of pods that the rules do not
// know. A test fails when the files are not what the command writes.
package alerts

import _ "embed"

//go:generate go run ./generate -format prometheus -o entraredis.rules.yaml
//go:generate go run ./generate -format operator -o ../prometheusrule.yaml
//go:generate go run ./generate -format azure -o ../prometheusrulegroups.bicep

//go:embed entraredis.rules.yaml
var rules string

// Rules returns the rule file. The bytes belong to the caller.
func Rules() []byte { return []byte(rules) }

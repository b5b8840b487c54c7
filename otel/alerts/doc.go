// Package alerts holds Prometheus alerting rules for the metrics of otel/otelentra.
//
// # What it promises
//
//   - entraredis.rules.yaml is a rule file for Prometheus 2.42 or later and compatible systems. A
//     program gets it from [Rules].
//   - Each alert has a severity, "critical" where commands fail or will within minutes, "warning"
//     where there is time, and a runbook_url that leads to its section in docs/runbook.md.
//   - Rules rest on gauges and on counters that begin at 0, because a counter that appears with its
//     first failure has not increased yet. They group by job, instance and what is needed to find
//     the trouble, so a new version of the library does not break them.
//   - The lives of Entra's tokens, 10 minutes to 24 hours, need no other thresholds.
//
// Each rule has tests in the folder tests: some in which it fires, and some in which it stays
// silent. promtool runs them. The Go tests check that no rule lacks such tests or its section in
// the runbook.
package alerts

import _ "embed"

//go:embed entraredis.rules.yaml
var rules string

// Rules returns the rule file. The bytes belong to the caller.
func Rules() []byte { return []byte(rules) }

#!/usr/bin/env bash
# Checks the Grafana dashboard against the types that Grafana publishes on npm, its queries with Prometheus's grammar, and
# the manifest against the schema of the Grafana operator.
set -euo pipefail
cd "$(dirname "$0")/.."

schema=13.2.3 # of Grafana, whose packages have its version
packages=$(scripts/npm-packages.sh dashboard-test "@grafana/schema@$schema" typescript@7.0.2 @prometheus-io/lezer-promql@0.313.3 \
	@lezer/lr@1.4.10 @lezer/highlight@1.2.5 @kubernetes-models/grafana-operator@3.0.0 js-yaml@4.1.0)
echo "dashboard-test: @grafana/schema $schema"
node otel/dashboards/schema/check.mjs "$packages" otel/dashboards/entraredis.json otel/grafanadashboard.yaml

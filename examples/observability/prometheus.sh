#!/usr/bin/env bash
# Runs Prometheus with our alerting rules against the example, until it is interrupted.
#
#   prometheus.sh [example's host:port] [host:port to listen on]
#
# What Prometheus stores goes to PROMETHEUS_DATA if that is set, else to a folder that is removed at the end.
set -euo pipefail

target=${1:-127.0.0.1:9464}
listen=${2:-127.0.0.1:9090}
rules=$(cd "$(dirname "$0")/../../otel/alerts" && pwd)/entraredis.rules.yaml

command -v prometheus >/dev/null || {
	echo "prometheus.sh: prometheus is not on PATH. Debian, Ubuntu: sudo apt-get install prometheus; macOS: brew install prometheus" >&2
	exit 1
}

prometheus_pid=
remove=
finish() {
	if [ -n "$prometheus_pid" ]; then
		kill "$prometheus_pid" 2>/dev/null || true
		wait "$prometheus_pid" || true
	fi
	if [ -n "$remove" ]; then rm -rf "$remove"; fi
}
trap finish EXIT
trap 'exit 0' INT TERM

data=${PROMETHEUS_DATA:-}
if [ -z "$data" ]; then
	data=$(mktemp -d)
	remove=$data
fi

# Every second, because the example's tokens live seconds. A service is fine with 15 or 30.
cat >"$data/prometheus.yaml" <<CONFIG
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files:
  - $rules
scrape_configs:
  - job_name: shop
    static_configs:
      - targets: ["$target"]
        labels: { cluster: local, namespace: shop, pod: shop-0 } # as Kubernetes adds them
CONFIG

echo "prometheus http://$listen/alerts"
prometheus --config.file="$data/prometheus.yaml" --storage.tsdb.path="$data/tsdb" --web.listen-address="$listen" \
	--enable-feature=exemplar-storage --log.level=warn &
prometheus_pid=$!
wait "$prometheus_pid"

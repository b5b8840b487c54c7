#!/usr/bin/env bash
# Checks the Grafana dashboard, the manifests of the rules and the queries for Application Insights, runs
# examples/observability and a Prometheus that scrapes it, and has promtool judge metrics and alerting rules.
# Installs prometheus, which brings promtool, where it can.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"

fail() {
	echo "observability-test: $1" >&2
	exit 1
}

install_prometheus() {
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		fail "prometheus and promtool are not on PATH, and only root on a machine with apt-get can have them installed from here.
Install them and run make observability-test again:
  Debian, Ubuntu:  sudo apt-get install prometheus
  macOS:           brew install prometheus
  elsewhere:       https://prometheus.io/download"
	fi
	echo "observability-test: installing prometheus with apt-get"
	export DEBIAN_FRONTEND=noninteractive
	# An index that cannot be refreshed may still do, so the installation decides.
	apt-get update -qq || echo "observability-test: apt-get update failed, trying with the index that is there" >&2
	apt-get install -y -qq --no-install-recommends prometheus >/dev/null || fail "apt-get could not install prometheus"
}

if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
	install_prometheus
fi
for program in prometheus promtool; do
	command -v "$program" >/dev/null || fail "prometheus was installed, but $program is not on PATH"
done
version=$(prometheus --version 2>&1)
echo "observability-test: ${version%% (*}"

# Exit code 3 means that the machine has no Node.js or does not reach npm, which the line before it says.
for check in rules-schema-test insights-test dashboard-test; do
	GO="$GO" "./scripts/$check.sh" || [ $? -eq 3 ]
done

# The example is a module of its own, which the other targets do not see.
cd examples/observability
"$GO" vet ./...
"$GO" mod tidy -diff
staticcheck=$("$GO" -C ../.. tool -modfile=newest.mod -n staticcheck)
"$staticcheck" ./...
"$GO" test -count 1 -timeout 15m ./...

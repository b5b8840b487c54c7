#!/usr/bin/env bash
# Checks the Grafana dashboard against the types that Grafana publishes on npm, its queries with Prometheus's grammar, and
# the manifest against the schema of the Grafana operator. Fetches the packages once, into a folder of the user's cache.
set -euo pipefail
cd "$(dirname "$0")/.."

schema=13.2.3 # of Grafana, whose packages have its version
packages=(
	"@grafana/schema@$schema"
	typescript@7.0.2
	@prometheus-io/lezer-promql@0.313.3
	@lezer/lr@1.4.10
	@lezer/highlight@1.2.5
	@kubernetes-models/grafana-operator@3.0.0
	js-yaml@4.1.0
)

fail() {
	echo "dashboard-test: $1" >&2
	exit 1
}

for program in node npm; do
	command -v "$program" >/dev/null || fail "$program is not on PATH. Install Node.js 20 or later, and run this again:
  Debian, Ubuntu:  sudo apt-get install nodejs npm
  macOS:           brew install node
  elsewhere:       https://nodejs.org/en/download"
done

cache="${XDG_CACHE_HOME:-$HOME/.cache}/entraredis/dashboard-$(printf '%s\n' "${packages[@]}" | sha256sum | cut -c 1-12)"
if [ ! -e "$cache/complete" ]; then
	echo "dashboard-test: installing ${packages[*]} into $cache"
	mkdir -p "$cache"
	echo '{"private": true}' >"$cache/package.json"
	npm install --prefix "$cache" --ignore-scripts --no-audit --no-fund --silent --fetch-retry-mintimeout 1000 --fetch-retry-maxtimeout 5000 \
		"${packages[@]}" ||
		fail "npm could not install the packages. Where its registry is not reached directly, set npm_config_registry to a mirror."
	touch "$cache/complete"
fi
echo "dashboard-test: @grafana/schema $schema"
node otel/dashboards/schema/check.mjs "$cache" otel/dashboards/entraredis.json otel/grafanadashboard.yaml

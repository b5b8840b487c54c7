#!/usr/bin/env bash
# Checks the queries for Application Insights with Microsoft's parser of KQL, and the alert rules with a grammar of Bicep.
# Fetches both once, into a folder of the user's cache.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
	@kusto/language-service-next@12.4.1
	tree-sitter-bicep@1.1.0
	web-tree-sitter@0.27.2
)

fail() {
	echo "insights-test: $1" >&2
	exit 1
}

for program in node npm; do
	command -v "$program" >/dev/null || fail "$program is not on PATH. Install Node.js 20 or later, and run this again:
  Debian, Ubuntu:  sudo apt-get install nodejs npm
  macOS:           brew install node
  elsewhere:       https://nodejs.org/en/download"
done

cache="${XDG_CACHE_HOME:-$HOME/.cache}/entraredis/insights-$(printf '%s\n' "${packages[@]}" | sha256sum | cut -c 1-12)"
if [ ! -e "$cache/complete" ]; then
	echo "insights-test: installing ${packages[*]} into $cache"
	mkdir -p "$cache"
	echo '{"private": true}' >"$cache/package.json"
	npm install --prefix "$cache" --ignore-scripts --no-audit --no-fund --silent "${packages[@]}" ||
		fail "npm could not install the packages. Where its registry is not reached directly, set npm_config_registry to a mirror."
	touch "$cache/complete"
fi
node otel/insights/check.mjs "$cache" otel/workbook.json otel/scheduledqueryrules.bicep docs/application-insights.md

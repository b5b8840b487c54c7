#!/usr/bin/env bash
# Checks the rules of otel/alerts in the formats of the Prometheus operator and of Azure Monitor against their published
# schemas. npm fetches the grammar of Bicep into a cache folder, Go the definitions of the operator and of Azure.
set -euo pipefail
cd "$(dirname "$0")/../otel/alerts/schematest"

: "${GO:=go}"
grammar=tree-sitter-bicep@1.1.0
parser=web-tree-sitter@0.25.10 # reads grammars of the age of that one

cache=${BICEP_MODULES:-${XDG_CACHE_HOME:-${HOME:?has no value: set BICEP_MODULES to a folder}/.cache}/entraredis-bicep}
if [ ! -e "$cache/$grammar-$parser" ]; then
	if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
		echo "rules-schema-test: node and npm are not on PATH, and otel/prometheusrulegroups.bicep cannot be checked without them.
Install them and run make observability-test again:
  Debian, Ubuntu:  sudo apt-get install nodejs npm
  macOS:           brew install node" >&2
		exit 1
	fi
	echo "rules-schema-test: fetching $grammar and $parser into $cache"
	mkdir -p "$cache"
	npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix "$cache" "$grammar" "$parser" || {
		echo "rules-schema-test: npm cannot fetch them. Run this on a machine that reaches registry.npmjs.org, or copy its
folder $cache to this one." >&2
		exit 1
	}
	touch "$cache/$grammar-$parser"
fi

"$GO" vet ./...
"$GO" mod tidy -diff
staticcheck=$("$GO" -C ../../.. tool -n staticcheck)
"$staticcheck" ./...
BICEP_MODULES=$cache "$GO" test -count 1 -timeout 10m ./...

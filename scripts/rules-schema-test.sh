#!/usr/bin/env bash
# Checks the rules of otel/alerts in the formats of the Prometheus operator and of Azure Monitor against their published
# schemas. npm has the grammar of Bicep, the Go module proxy the definitions of the operator and of Azure.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"
# The parser reads grammars of the age of that one.
packages=$(scripts/npm-packages.sh rules-schema-test tree-sitter-bicep@1.1.0 web-tree-sitter@0.25.10)

cd otel/alerts/schematest
"$GO" vet ./...
"$GO" mod tidy -diff
staticcheck=$("$GO" -C ../../.. tool -modfile=newest.mod -n staticcheck)
"$staticcheck" ./...
BICEP_MODULES=$packages "$GO" test -count 1 -timeout 10m ./...

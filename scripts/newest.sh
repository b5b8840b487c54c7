#!/usr/bin/env bash
# Runs a program with newest.mod in the place of go.mod, for programs that run the go command themselves.
#
#	scripts/newest.sh go tool staticcheck ./...
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
overlay=$(mktemp)
trap 'rm -f "$overlay"' EXIT
printf '{"Replace": {"%s/go.mod": "%s/newest.mod", "%s/go.sum": "%s/newest.sum"}}\n' "$root" "$root" "$root" "$root" >"$overlay"
GOFLAGS="$("${GO:-go}" env GOFLAGS) -overlay=$overlay -tags=newest" "$@"

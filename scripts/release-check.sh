#!/usr/bin/env bash
# Checks that this module can be released: see internal/release. Arguments are flags of that program.
#
#	scripts/release-check.sh -version v0.1.0 -sbom bom.cdx.json
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"
began=$SECONDS
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
"$GO" -C internal/release test ./...
"$GO" -C internal/release build -o "$bin/release" .
PATH="$(dirname "$(command -v "$GO")"):$PATH" "$bin/release" -root . "$@"
echo "release-check: $((SECONDS - began)) s"

#!/usr/bin/env bash
# Runs the conformance suite with the newest versions of the three clients, which it prints. They stand in a go.mod of its
# own, so the checkout's stay as they are. Arguments are flags for go test.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"
clients=(github.com/redis/go-redis/v9 github.com/redis/rueidis github.com/gomodule/redigo)

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp newest.mod "$dir/go.mod"
cp newest.sum "$dir/go.sum"
modfile=-modfile=$dir/go.mod

"$GO" get "$modfile" "${clients[@]/%/@latest}"
versions=$("$GO" list "$modfile" -m -f '{{.Path}} {{.Version}}' "${clients[@]}")
echo "latest-test: ${versions//$'\n'/, }"
if ! "$GO" test "$modfile" -tags newest -count 1 -run Conformance "$@" ./adapters/entra...; then
	echo "latest-test: FAILED with ${versions//$'\n'/, }"
	exit 1
fi
echo "latest-test: ok"

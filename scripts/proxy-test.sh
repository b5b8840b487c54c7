#!/usr/bin/env bash
# Tests examples/proxy, which is a module of its own: its parts, the program with redis-cli and redis-benchmark in front of
# it, its Kubernetes manifest, and in a few seconds what make proxy-bench measures in minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"

staticcheck=$("$GO" tool -modfile=newest.mod -n staticcheck)
for module in examples/proxy examples/proxy/kubernetes; do
	(cd "$module" && "$staticcheck" ./...)
done
cd examples/proxy
"$GO" test -race -count 1 -timeout 15m ./...
"$GO" -C kubernetes test -count 1 ./...
last=$("$GO" run ./measure -time 2s | tee /dev/stderr | tail -n 1)
case $last in
"proxy: ok "*" errors=0 "*" lost=0") ;;
*)
	echo "proxy-test: the last line of measure is not that of a good run" >&2
	exit 1
	;;
esac

#!/usr/bin/env bash
# Sees to it that redis-server is there, and prints what the tests will run against.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"

fail() {
	echo "backends: $1" >&2
	exit 1
}

install_redis() {
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		fail "redis-server is not on PATH, and only root on a machine with apt-get can have it installed from here.
Install it and run make test again:
  Debian, Ubuntu:  sudo apt-get install redis-server
  Fedora:          sudo dnf install redis
  macOS:           brew install redis"
	fi
	echo "backends: installing redis-server with apt-get"
	export DEBIAN_FRONTEND=noninteractive
	# An index that cannot be refreshed may still do, so the installation decides.
	apt-get update -qq || echo "backends: apt-get update failed, trying with the index that is there" >&2
	apt-get install -y -qq --no-install-recommends redis-server >/dev/null ||
		fail "apt-get could not install redis-server"
	command -v redis-server >/dev/null || fail "apt-get installed redis-server, but it is not on PATH"
}

# The race detector is built with the C compiler.
[ "$("$GO" env CGO_ENABLED)" = 1 ] || fail "go test -race needs cgo: unset CGO_ENABLED, or install a C compiler such as gcc"
cc=$("$GO" env CC)
command -v "${cc%% *}" >/dev/null || fail "go test -race needs a C compiler: $cc is not on PATH"

command -v redis-server >/dev/null || install_redis

version=$(redis-server --version)
version=${version#*v=}
echo "backends: redis-server ${version%% *} ($(command -v redis-server))"
echo "backends: miniredis $("$GO" list -m -f '{{.Version}}' github.com/alicebob/miniredis/v2) (embedded)"
echo "backends: $("$GO" version)"

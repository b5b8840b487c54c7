#!/usr/bin/env bash
# Fetches packages from npm into a folder of the user's cache, once, and prints the folder. Installs Node.js where it can.
#
#	folder=$(scripts/npm-packages.sh PURPOSE PACKAGE@VERSION…)
#
# The exit code is 3, after a line that says what to do, if this machine has no Node.js or does not reach npm's registry.
set -euo pipefail

purpose=$1
shift

unavailable() {
	echo "$purpose: NOT RUN: $1" >&2
	exit 3
}

lacks_node() { ! command -v node >/dev/null || ! command -v npm >/dev/null; }

if lacks_node && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
	echo "$purpose: installing nodejs and npm with apt-get" >&2
	# An index that cannot be refreshed may still do, so the installation decides.
	DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 || true
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null || true
fi
if lacks_node; then
	unavailable "node and npm are not on PATH. Install Node.js 20 or later, and run this again:
  Debian, Ubuntu:  sudo apt-get install nodejs npm
  macOS:           brew install node
  elsewhere:       https://nodejs.org/en/download"
fi

folder="${XDG_CACHE_HOME:-$HOME/.cache}/entraredis/npm-$(printf '%s\n' "$@" | sha256sum | cut -c 1-12)"
if [ ! -e "$folder/complete" ]; then
	echo "$purpose: fetching $* into $folder" >&2
	mkdir -p "$folder"
	echo '{"private": true}' >"$folder/package.json"
	npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent --fetch-retry-mintimeout 1000 \
		--fetch-retry-maxtimeout 5000 "$@" >&2 ||
		unavailable "npm could not fetch the packages. Where its registry is not reached directly, set npm_config_registry to a mirror."
	touch "$folder/complete"
fi
echo "$folder"

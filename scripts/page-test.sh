#!/usr/bin/env bash
# Tests the live page in Chromium, which it installs where it can, and with axe-core, which it installs outside the
# repository where npm can. Arguments go to go test: -pictures takes the pictures of docs/observability.md anew.
set -euo pipefail
cd "$(dirname "$0")/../otel/livepage/browsertest"

: "${GO:=go}"

has_chromium() {
	command -v chromium || command -v chromium-browser || command -v google-chrome || command -v chrome
}

if ! has_chromium >/dev/null; then
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		echo "page-test: Chromium is not on PATH, and only root on a machine with apt-get can have it installed from here.
Install it and run make page-test again:
  Debian:  sudo apt-get install chromium
  Fedora:  sudo dnf install chromium
  macOS:   brew install --cask chromium" >&2
		exit 1
	fi
	echo "page-test: installing chromium with apt-get"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq || echo "page-test: apt-get update failed, trying with the index that is there" >&2
	apt-get install -y -qq --no-install-recommends chromium >/dev/null
	has_chromium >/dev/null
fi
echo "page-test: $("$(has_chromium | head -n 1)" --version 2>/dev/null)"

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
if command -v npm >/dev/null && npm install --silent --no-save --ignore-scripts --prefix "$temp" axe-core@4.14.1 >/dev/null 2>&1; then
	export AXE="$temp/node_modules/axe-core/axe.min.js"
	echo "page-test: axe-core 4.14.1"
else
	echo "page-test: npm cannot install axe-core, its test is skipped"
fi

"$GO" vet ./...
"$GO" test -race -count 1 -timeout 30m ./... "$@"

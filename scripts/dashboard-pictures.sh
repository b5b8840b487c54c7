#!/usr/bin/env bash
# Takes the pictures of the dashboard for docs/observability.md: runs examples/observability as four pods, one of which is in
# trouble, and a Prometheus, and draws what that answers with the components that Grafana is made of. Takes 9 minutes.
#
#   dashboard-pictures.sh [minutes]
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"
minutes=${1:-8}
life=3 # minutes that the token of the pod in trouble lives: Redis refuses it from the 6th to the 9th, then Entra from the 15th to the 18th

packages=(@grafana/ui@13.2.3 @grafana/data@13.2.3 react@19.3.1 react-dom@19.3.1 rxjs@7.8.2 esbuild@0.28.2)

fail() {
	echo "dashboard-pictures: $1" >&2
	exit 1
}

find_chromium() {
	command -v chromium || command -v chromium-browser || command -v google-chrome || command -v chrome
}

for program in node npm prometheus; do
	command -v "$program" >/dev/null || fail "$program is not on PATH. Debian, Ubuntu: sudo apt-get install nodejs npm prometheus chromium"
done
chromium=$(find_chromium) || fail "Chromium is not on PATH. Debian: sudo apt-get install chromium"

cache="${XDG_CACHE_HOME:-$HOME/.cache}/entraredis/pictures-$(printf '%s\n' "${packages[@]}" | sha256sum | cut -c 1-12)"
if [ ! -e "$cache/complete" ]; then
	echo "dashboard-pictures: installing ${packages[*]} into $cache"
	mkdir -p "$cache"
	echo '{"private": true}' >"$cache/package.json"
	npm install --prefix "$cache" --ignore-scripts --no-audit --no-fund --silent --fetch-retry-mintimeout 1000 --fetch-retry-maxtimeout 5000 \
		"${packages[@]}" ||
		fail "npm could not install the packages. Where its registry is not reached directly, set npm_config_registry to a mirror."
	touch "$cache/complete"
fi

work=$(mktemp -d)
running=()
finish() {
	for pid in "${running[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait || true
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

"$GO" -C examples/observability build -o "$work/shop" .
targets=""
pod() { # name, port, flags
	local name=$1 port=$2
	shift 2
	"$work/shop" -listen "127.0.0.1:$port" "$@" >/dev/null 2>&1 &
	running+=($!)
	targets+="
      - { targets: [\"127.0.0.1:$port\"], labels: { cluster: aks-west, namespace: shop, pod: $name } }"
}
pod shop-7d9f-2kq4x 19461 -life 40m
pod shop-7d9f-8wv2m 19462 -life 42m
pod shop-7d9f-c5zjn 19463 -life 44m
pod shop-7d9f-x9tlb 19464 -life "${life}m" -outage auth -outage entra
cat >"$work/prometheus.yaml" <<CONFIG
global: { scrape_interval: 5s }
scrape_configs:
  - job_name: shop
    static_configs:$targets
CONFIG
prometheus --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/tsdb" --web.listen-address=127.0.0.1:19490 --log.level=error &
running+=($!)

echo "dashboard-pictures: in $minutes minutes"
sleep "$((minutes * 60))"

node otel/dashboards/picture/data.mjs otel/dashboards/entraredis.json http://127.0.0.1:19490 "$minutes" >"$work/data.js"
cp otel/dashboards/picture/page.jsx "$cache/"
"$cache/node_modules/@esbuild/"*/bin/esbuild "$cache/page.jsx" --bundle --minify --jsx=automatic --log-level=error \
	--define:process.env.NODE_ENV='"production"' --loader:.svg=dataurl --loader:.ttf=dataurl --loader:.woff2=dataurl --outfile="$work/page.js"
mkdir -p "$work/public/build"
ln -s "$cache/node_modules/@grafana/ui/dist/public/img" "$work/public/build/img"
cat >"$work/index.html" <<'PAGE'
<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><body style="margin:0"><div id="root"></div>
<script defer src="data.js"></script><script defer src="page.js"></script>
PAGE
height=$(sed -n '1s|^// ||p' "$work/data.js")
for mode in light dark; do
	"$chromium" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --allow-file-access-from-files --window-size="1600,$height" \
		--virtual-time-budget=20000 --screenshot="$work/$mode.png" "file://$work/index.html?mode=$mode" 2>/dev/null
	cp "$work/$mode.png" "docs/images/dashboard-$mode.png"
done
echo "dashboard-pictures: docs/images/dashboard-light.png and dashboard-dark.png"

#!/usr/bin/env bash
# Runs what needs a real server on several of them, and prints a row for each: which it is, how many tests of each kind
# have failed, of how many, and how many AUTHs the servers have accepted. The first failures follow the rows.
#
#	scripts/servers-test.sh                        on all servers of scripts/servers.sh
#	scripts/servers-test.sh redis-6.0 valkey-9.1   on these
#
# A test says in its log what is to be added up: "AUTHs: N", and where one test stands for many clients, "clients: D of N",
# of which D differ.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"
limit=${TEST_TIMEOUT:-40m}

# run NAME PART COMMAND… runs a part with the tests that start a server, and leaves its log in $logs/NAME.PART.
run() {
	local name=$1 part=$2 status=0
	shift 2
	scripts/servers.sh with "$name" "$@" >"$logs/$name.$part" 2>&1 || status=$?
	echo "$status" >"$logs/$name.$part.status"
}

# result NAME PART prints how many failed of how many: of the clients that a test counts, or else of the tests that have no
# tests below them, without those that were skipped.
result() {
	local log="$logs/$1.$2"
	[ -e "$log" ] || { echo "not there"; return; }
	awk -v status="$(cat "$log.status")" '
		/^ *[a-z_0-9]+\.go:[0-9]+: clients: [0-9]+ of [0-9]+/ { differ += $3; clients += $5 }
		/^ *--- (PASS|FAIL|SKIP): / {
			name = packages ":" $3; verdict[name] = $2
			while (sub(/\/[^\/]*$/, "", name)) isParent[name] = 1
		}
		/^(ok|FAIL)[ \t]+[^ \t]/ { packages++ }
		END {
			for (name in verdict) if (!(name in isParent) && verdict[name] != "SKIP:") { all++; if (verdict[name] == "FAIL:") failed++ }
			if (clients) { failed = differ; all = clients }
			printf "%d of %d%s\n", failed, all, (status != 0 && !failed) || !all ? " NOT COMPLETE" : ""
		}' "$log"
}

# auths NAME prints how many AUTHs all parts have counted.
auths() {
	sed -nE 's/^ *[a-z_0-9]+\.go:[0-9]+: AUTHs: ([0-9]+)$/\1/p' "$logs/$1".{conformance,differential,raw} 2>/dev/null |
		awk '{ n += $1 } END { printf "%d\n", n }'
}

# failures NAME PART prints what one needs to know of a part that has failed.
failures() {
	local log="$logs/$1.$2"
	[ -e "$log" ] && [ "$(cat "$log.status")" -ne 0 ] || return 0
	echo
	echo "$1, $2:"
	grep -E '^ *--- FAIL|^panic:|\[build failed\]' "$log" | head -n 100 || true
	# What a test says follows its name. Those that have failed are known at the end only.
	awk 'NR == FNR { if ($2 == "FAIL:") failed[$3] = 1; next }
		/^=== / { shows = $2 != "CONT" && $3 in failed }
		/^ *--- / { shows = 0 }
		shows && /^ +[a-z_0-9]+\.go:[0-9]+: / && !/: AUTHs: / { print $0 }' "$log" "$log" | head -n 100
	tail -n 3 "$log"
}

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
[ $# -gt 0 ] || set -- $(scripts/servers.sh | tee /dev/stderr | cut -d ' ' -f 1)
for name in "$@"; do
	program=$(scripts/servers.sh "$name")
	program=${program##* }
	# "Redis server v=6.0.16 …" or "Valkey server v=9.1.2 …"
	title=$("$program" --version | awk '{ sub(/^v=/, "", $3); print tolower($1) "-server " $3 }')
	# At the same time, because they wait more than they work.
	run "$name" conformance "$GO" test -modfile=newest.mod -tags=newest -count 1 -v -p 3 -timeout "$limit" -run 'TestConformance/real_time|TestClusterConformance' ./adapters/entra... \
		-adaptertest.protocols &
	run "$name" differential "$GO" test -modfile=newest.mod -tags=newest -count 1 -v -timeout "$limit" ./internal/differential &
	run "$name" raw "$GO" test -modfile=newest.mod -tags=newest -count 1 -v -timeout "$limit" ./internal/rawclients &
	wait
	echo "$title | conformance $(result "$name" conformance) | differential $(result "$name" differential) |" \
		"raw clients $(result "$name" raw) | AUTHs $(auths "$name")"
done
failed=$(for name in "$@"; do for part in conformance differential raw; do failures "$name" "$part"; done; done)
[ -z "$failed" ] || { echo "$failed"; exit 1; }

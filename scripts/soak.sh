#!/usr/bin/env bash
# Runs a command again and again until a time is over, and ends with one line. Each round gets a seed of its own in the
# variable SEED, which the command's text may use. The first round that fails ends it, with that round's output.
#
#	scripts/soak.sh NAME DURATION COMMAND...
set -euo pipefail
cd "$(dirname "$0")/.."

name=$1 duration=$2
shift 2

# Go's spelling of durations, in seconds: 90s, 6m, 1h30m.
seconds() {
	local text=$1 total=0
	while [[ $text =~ ^([0-9]+)([hms])(.*)$ ]]; do
		case ${BASH_REMATCH[2]} in
		h) total=$((total + BASH_REMATCH[1] * 3600)) ;;
		m) total=$((total + BASH_REMATCH[1] * 60)) ;;
		s) total=$((total + BASH_REMATCH[1])) ;;
		esac
		text=${BASH_REMATCH[3]}
	done
	if [ -n "$text" ] || [ "$total" -eq 0 ]; then
		echo "soak: $1 is no duration like 90s, 6m or 1h30m" >&2
		return 2
	fi
	echo "$total"
}

limit=$(seconds "$duration")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
began=$SECONDS rounds=0
while [ $rounds -eq 0 ] || [ $((SECONDS - began)) -lt "$limit" ]; do
	export SEED=$(($(date +%s) * 1000000)) # a round takes this seed and those after it
	if ! bash -c "$*" >"$log" 2>&1; then
		cat "$log"
		echo "$name: FAILED in round $((rounds + 1)) with SEED=$SEED after $((SECONDS - began)) s: $*"
		exit 1
	fi
	rounds=$((rounds + 1))
done
# What the tests say of themselves, such as how many seeds they ran, is the last round's.
summary=$(sed -nE 's/^ *[a-z_]+_test\.go:[0-9]+: (.*)$/\1/p' "$log" | tail -n 1)
echo "$name: ok, $rounds rounds in $((SECONDS - began)) s${summary:+; the last: $summary}"

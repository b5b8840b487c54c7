#!/usr/bin/env bash
# Runs every fuzz target for a number of inputs. Inputs are counted, because a time may be over while a worker is at one,
# and go test takes that for a failure (go.dev/issue/75804). To make inputs small would take most of the time.
#
#	scripts/fuzz.sh 100000x
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"
inputs=$1 found=0
files=$(git grep -l '^func Fuzz' -- '*_test.go') # fails if there is none
for file in $files; do
	pkg=./$(dirname "$file")
	for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/p' "$file"); do
		found=$((found + 1))
		corpus=$(dirname "$file")/testdata/fuzz/$target
		[ -n "$(ls "$corpus" 2>/dev/null)" ] || { echo "fuzz: $target begins without inputs: put some into $corpus" >&2; exit 1; }
		echo "fuzz: $target $pkg"
		"$GO" test -modfile=newest.mod -tags=newest -run '^$' -fuzz "^$target\$" -fuzztime "$inputs" -fuzzminimizetime 10x "$pkg"
	done
done
echo "fuzz: $found targets, $inputs each"

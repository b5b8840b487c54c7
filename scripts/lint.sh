#!/usr/bin/env bash
# Runs the linters of internal/lint on each module, misspell on what people read, the check of links, and actionlint on the
# workflows, and checks that .github fits the rest of the repository. internal/lint has the versions and the settings.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"

bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
"$GO" -C internal/lint build -o "$bin/" . tool # tool stands for misspell and actionlint

for mod in go.mod $(git ls-files '*/go.mod'); do
	dir=$(dirname "$mod")
	echo "lint: $dir"
	"$GO" -C "$dir" vet -vettool="$bin/lint" ./...
done

# Without a locale it reports what is wrong in British and in American English. Inputs of tests may be wrong on purpose.
echo "lint: spelling"
git ls-files -z -- ':!**/testdata/**' ':!**/go.sum' ':!*.svg' ':!*.png' | xargs -0 "$bin/misspell" -error

echo "lint: links"
"$GO" test -run Links ./internal/documents

# Whether shellcheck and pyflakes are installed must not decide.
echo "lint: workflows"
"$bin/actionlint" -shellcheck= -pyflakes= .github/workflows/*.yml
"$GO" -C internal/lint test -count 1 ./... # go test does not see that files outside the module have changed

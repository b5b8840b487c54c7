# make test    every test, under the race detector, with the backends that they need
# make check   the whole gate: what CI runs, and what must pass before a change is merged
# make fuzz    each fuzz target for FUZZTIME, a number of inputs with an x behind it
# make page-test   the live page in Chromium, which it installs where it can; PAGE_TEST=-pictures takes its pictures anew
# make observability-test   a real Prometheus scrapes examples/observability: dashboard, alerting rules and their tests
# make histories    10,000 random histories of tokens, faults and clocks, without the race detector: a minute and a half
# make bench    what tokens cost and save, beside what one would do otherwise: writes docs/benchmarks.md in a quarter of an hour
# make bench-quick   less of it, in two minutes: prints the page and writes nothing
# make differential   the differential tests ten times as long, without the race detector: half an hour

GO           ?= go
FUZZTIME     ?= 100000x
TEST_TIMEOUT ?= 12m
GOVULNCHECK  := golang.org/x/vuln/cmd/govulncheck@v1.9.0

.DELETE_ON_ERROR:
.PHONY: bench bench-quick bench-test histories nested page-test observability-test differential test check check-rest backends fmt vet staticcheck tidy vuln fuzz quickstart

# The adapters' tests keep real time with tokens of seconds, so each package has the machine to itself.
test: backends
	$(GO) test -race -timeout $(TEST_TIMEOUT) $$($(GO) list ./... | grep -v /adapters/)
	$(GO) test -race -timeout $(TEST_TIMEOUT) -p 1 ./adapters/...

# The import rules and the snippets of README and docs are tests, so they are part of test.
check: test check-rest

# The gate without the tests, for CI, which has just run them. The live page's test in Chromium is not in it, because
# a browser is much to ask of a machine: run make page-test when the page was changed.
check-rest: fmt vet staticcheck tidy nested bench-test vuln quickstart observability-test fuzz

# Installs redis-server where it can, and says what the tests will run against.
backends:
	@GO='$(GO)' ./scripts/backends.sh

fmt:
	@unformatted=$$(gofmt -l .) || exit 1; \
	if [ -n "$$unformatted" ]; then \
		echo "fmt: not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; \
	fi; \
	echo "fmt: ok"

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) tool staticcheck ./...

tidy:
	$(GO) mod tidy -diff
	$(GO) mod verify

# Modules of their own, which keep what they need out of the users' module graph, and which ./... does not reach.
nested:
	@set -e; for mod in $$(git ls-files '*/go.mod'); do \
		echo "nested: $$(dirname "$$mod")"; \
		(cd "$$(dirname "$$mod")" && $(GO) vet ./... && $(GO) mod tidy -diff && $(GO) mod verify >/dev/null); \
	done

# Exit code 3 means that vulnerable code is called. A machine that cannot reach the vulnerability database
# has not checked anything, and says so.
vuln:
	@log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	$(GO) run $(GOVULNCHECK) ./... >"$$log" 2>&1; status=$$?; \
	if [ $$status -ne 0 ] && [ $$status -ne 3 ] && grep -q 'fetching vulnerabilities' "$$log"; then \
		echo "vuln: NOT RUN, the vulnerability database cannot be reached:"; tail -n 2 "$$log"; exit 0; \
	fi; \
	cat "$$log"; exit $$status

# The program that the README names, whole, and its failing twin: a judge that cannot say no is no judge.
quickstart:
	@bin=$$(mktemp -d); trap 'rm -rf "$$bin"' EXIT; \
	$(GO) build -o "$$bin/quickstart" ./examples/quickstart || exit 1; \
	"$$bin/quickstart" >"$$bin/out"; status=$$?; tail -n 1 "$$bin/out"; \
	[ $$status -eq 0 ] || { cat "$$bin/out"; exit 1; }; \
	"$$bin/quickstart" -fault refuse >"$$bin/out"; status=$$?; tail -n 1 "$$bin/out"; \
	[ $$status -eq 1 ] && tail -n 1 "$$bin/out" | grep -q '^quickstart: failed' || \
		{ cat "$$bin/out"; echo "quickstart -fault refuse: exit code $$status, want 1"; exit 1; }

# Installs prometheus where it can. The example is a module of its own, so it is vetted and linted here too.
page-test:
	@GO='$(GO)' ./scripts/page-test.sh $(PAGE_TEST)

observability-test:
	@GO='$(GO)' ./scripts/observability-test.sh

differential: backends
	$(GO) test -count 1 -timeout 90m -v ./internal/differential -injections 1000000 -rotations 3000

bench: backends
	cd bench && $(GO) run .

bench-quick: backends
	cd bench && $(GO) run . -quick

# The comparisons' own tests, and the guard that counts what a command costs in allocations and calls.
bench-test: backends
	cd bench && $(GO) test ./...

histories:
	$(GO) test -count 1 -v -run Histories ./core/entra -histories 10000

# go test runs one fuzz target of one package at a time. To make inputs small would take most of the time. Inputs are
# counted, because a time may be over while a worker is at one, and go test takes that for a failure (go.dev/issue/75804).
fuzz:
	@set -e; found=0; \
	for pkg in $$($(GO) list ./...); do \
		targets=$$($(GO) test -list '^Fuzz' "$$pkg" | grep '^Fuzz' || true); \
		for target in $$targets; do \
			found=$$((found + 1)); \
			echo "fuzz: $$target $$pkg"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$pkg"; \
		done; \
	done; \
	echo "fuzz: $$found targets, $(FUZZTIME) each"

# go test -short ./...   the inner loop: a minute, no redis-server, no race detector
# make test    every kind of test, under the race detector where goroutines meet, with the backends that they need: 5 minutes
# make check   the whole gate: what must pass before a change is merged: 18 minutes; CI runs most of it
# make soak    each part for SOAK: random histories, streams, faults and programs in large numbers: 60 minutes, or a night
# make latest-test   the conformance suite with the newest versions of the three clients, for once a week; go.mod stays as it is
# make servers-test   the tests that need a real server on redis-server 6.0, 7.0, 8.0 and valkey-server 8.1, 9.1: 20 minutes
# make mutants   breaks the code in one place at a time: a test must fail for each; MUTANTS=-fast without make test
# make fuzz    each fuzz target for FUZZTIME, a number of inputs with an x behind it
# make page-test   the live page in Chromium, which it installs where it can; PAGE_TEST=-pictures takes its pictures anew
# make observability-test   a real Prometheus scrapes examples/observability: dashboard, alerting rules and their tests;
#                           queries and rules for Application Insights are parsed
# make proxy-test   examples/proxy with redis-cli and redis-benchmark, its Kubernetes manifest, a comparison of a few seconds
# make proxy-bench   what the proxy costs, and 50 rotations a minute, in two minutes: the numbers of docs/proxy.md
# make drawings   docs/images/*.svg of the .d2 files beside them
# make never-worse   every fault beside a client with a password, five times: writes docs/never-worse.md; make test checks it
# make unpaused   errors a second and CPU of callers without a pause while every login is refused, beside a client with a password
# make floors   go vet and go test -short with the oldest versions that go.mod allows; make test uses the newest, of newest.mod
# make release-check   what a release needs and no test sees: see docs/releasing.md
# make api      writes api/*.txt, the exported API: a test fails while they differ
# make bench    what tokens cost and save, beside what one would do otherwise: writes docs/benchmarks.md in a quarter of an hour
# make bench-get   what a GET costs in time of the processor over a bare connection and over one of ours
# make bench-quick   less of it, in two minutes: prints the page and writes nothing

GO           ?= go
FUZZTIME     ?= 100000x
# Far beyond what a busy machine takes: a test that is not over by then hangs.
TEST_TIMEOUT ?= 40m
TEST_FLAGS   ?=
SOAK         ?= 4m
# go.mod holds the oldest versions that this module works with, because a requirement is a floor for each of its users. Tests
# and linters run with the newest, which newest.mod holds. Some tests need what the oldest do not have: they have the build
# constraint newest.
NEWEST       := -modfile=newest.mod -tags=newest
GOVULNCHECK  := golang.org/x/vuln/cmd/govulncheck@v1.9.0
D2           := oss.terrastruct.com/d2@v0.7.2

SOAK_PARTS := soak-histories soak-programs soak-days soak-outages soak-connections soak-streams soak-telemetry \
	soak-fuzz soak-differential soak-rawclients soak-libraries soak-virtual soak-virtual-1 soak-real soak-never-worse soak-floors

.DELETE_ON_ERROR:
.PHONY: drawings never-worse unpaused bench bench-get bench-quick bench-test nested clients-test proxy-test proxy-bench page-test \
	observability-test test test-race test-virtual test-rest test-dialects check check-rest floors api release-check cross-vet \
	backends fmt vet staticcheck lint tidy vuln fuzz quickstart latest-test servers-test servers-check mutants soak $(SOAK_PARTS)

# The packages in which goroutines meet, those whose tests take longest first. Their tests in real time wait more than they
# work, hence more packages at once than there are processors. The scenarios of virtual time, a thousand connections and
# whole days, run without the race detector, which slows them down sixfold; make soak-virtual has it.
MEETING := ./adapters/... ./internal/differential/... ./core/entra ./core/entratest/... ./core/entraconn \
	./core/entraconn/internal/dialing ./core/entraconn/internal/heldback ./core/entraconn/internal/rotation \
	./otel/otelentra/... ./otel/livepage/...
VIRTUAL := TestConformance/virtual_time
# Tests of core/entra and core/entraconn without the race detector: one that looks for tokens in the memory of other
# goroutines, by reflection and without their locks, which it would report; and those that play minutes of callers without
# a pause beside a client with a password or days of a rotation, for which its runtime has not enough room (it ends with
# CHECK failed or SIGSEGV); those that measure memory; and those that search millions of bytes for a secret.
UNRACED := ^(TestErrorsStatusAndLogTellNoSecret|TestWhatAServerRepeatsOfATokenIsScrubbed|TestConnAndDialerShowNoToken|TestOneRefusalIsNotTheWordOfTheServer|TestHalfOfTheLoginsRefused|TestAllLoginsRefusedForAMinute|TestProbesGoOnEveryFiveSeconds|TestClientsOfOneSourceShareProbes|TestCallersAreBackWithin5Seconds|TestLoopWithoutAPauseIsRefusedSlowly|TestLoopWithoutAPauseAndWithoutTime|TestBlackHoleHoldsUpEachDialForASecondAtMost|TestUnansweredLoginHoldsUpOthersForASecondAtMost|TestContextsOf20Milliseconds|TestSlowHandshakesFitIntoTheDialTimeout|TestIdleConnectionsWaitForNoVerdict|TestServerThatServesNoClientIsAskedNoMoreOften|TestLoginRefusedInAnyWordsIsNoStorm|TestRefusingCacheCostsAHealthyOneNothing|TestRefusingCacheAloneHasThreeTokensReplaced|TestUsersFunctionsHoldUpNoConnection|TestHostileReplies|TestHostileCommands)$$

# At the same time: what runs in real time waits, and leaves a processor to the rest.
test: backends
	@$(MAKE) --no-print-directory -j 3 test-race test-virtual test-rest

test-race: backends
	$(GO) test $(NEWEST) -race -p 6 -parallel 4 -timeout $(TEST_TIMEOUT) -skip '$(VIRTUAL)|$(UNRACED)' $(TEST_FLAGS) $(MEETING)

test-virtual:
	$(GO) test $(NEWEST) -timeout $(TEST_TIMEOUT) -run '$(VIRTUAL)' $(TEST_FLAGS) ./adapters/entra...
	$(GO) test $(NEWEST) -timeout $(TEST_TIMEOUT) -run '$(UNRACED)' $(TEST_FLAGS) ./core/entra ./core/entraconn

# test-virtual runs, in the dialects of Redis that are not the usual one, the scenarios in which a dialect can matter.
# Here run all.
test-dialects:
	$(GO) test $(NEWEST) -timeout $(TEST_TIMEOUT) -run '$(VIRTUAL)_in_' $(TEST_FLAGS) ./adapters/entra... -adaptertest.dialects

test-rest:
	$(GO) test $(NEWEST) -timeout $(TEST_TIMEOUT) $(TEST_FLAGS) $$($(GO) list ./... | grep -vxF "$$($(GO) list $(MEETING))")

# The import rules and the snippets of README and docs are tests, so they are part of test.
check: test check-rest servers-check cross-vet floors

# The gate without what test has run, for CI. The other servers are not in it: to fetch and try them takes six minutes of
# the fifteen. Nor are other systems and the oldest versions, for which a fresh machine builds everything anew. Nor is the live
# page's test in Chromium, because a browser is much to ask of a machine: run make page-test when the page was changed.
#
# What waits most of the time runs beside what works. The last ones judge by what they see in real time, and run alone.
check-rest:
	@$(MAKE) --no-print-directory --output-sync=target -j 2 observability-test proxy-test fmt vet staticcheck lint tidy nested clients-test \
		release-check test-dialects vuln
	@$(MAKE) --no-print-directory bench-test quickstart unpaused fuzz

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
	$(GO) vet $(NEWEST) ./...

# What is written for another system compiles there, with its tests. 386 is where an int has 32 bits. Of the module's own
# faults only the compiler's are found, because nothing runs.
cross-vet:
	@for target in windows/amd64 darwin/arm64 freebsd/amd64 linux/386; do \
		echo "cross-vet: $$target"; \
		GOOS=$${target%/*} GOARCH=$${target#*/} CGO_ENABLED=0 $(GO) vet $(NEWEST) ./... || exit 1; \
	done

staticcheck:
	GO='$(GO)' ./scripts/newest.sh $(GO) tool staticcheck ./...

# Linters that have a module of their own, spelling, links, and .github.
lint:
	@GO='$(GO)' ./scripts/lint.sh

tidy:
	$(GO) mod tidy -diff
	$(GO) mod tidy -diff -modfile=newest.mod
	$(GO) mod verify
	$(GO) mod verify -modfile=newest.mod

# The oldest versions: what services get that have nothing newer. go vet sees what the oldest Go does not have.
floors:
	$(GO) vet ./...
	$(GO) test -short -timeout $(TEST_TIMEOUT) ./...

# Writes what internal/exportedapi compares.
api:
	$(GO) test $(NEWEST) ./internal/exportedapi -update

release-check:
	@GO='$(GO)' ./scripts/release-check.sh

# Modules of their own, which keep what they need out of the users' module graph, and which ./... does not reach.
nested:
	@set -e; for mod in $$(git ls-files '*/go.mod'); do \
		echo "nested: $$(dirname "$$mod")"; \
		(cd "$$(dirname "$$mod")" && $(GO) vet ./... && $(GO) mod tidy -diff && $(GO) mod verify >/dev/null); \
	done
	cd examples/doctor/schematest && $(GO) test ./...

# Clients that have no adapter, libraries, and tokens that are not Entra's: a module of its own.
clients-test:
	cd examples/clients && $(GO) test ./...

# Exit code 3 means that vulnerable code is called. A machine that cannot reach the vulnerability database
# has not checked anything, and says so. What is called with the oldest versions is listed and is no failure: to raise a floor
# for it would move modules of services that do not link them, and each service may raise it by itself.
vuln:
	@log=$$(mktemp); bin=$$(mktemp -d); trap 'rm -rf "$$log" "$$bin"' EXIT; \
	GOBIN="$$bin" $(GO) install $(GOVULNCHECK) || exit 1; \
	GO='$(GO)' ./scripts/newest.sh "$$bin/govulncheck" ./... >"$$log" 2>&1; status=$$?; \
	if [ $$status -ne 0 ] && [ $$status -ne 3 ] && grep -q 'fetching vulnerabilities' "$$log"; then \
		echo "vuln: NOT RUN, the vulnerability database cannot be reached:"; tail -n 2 "$$log"; exit 0; \
	fi; \
	cat "$$log"; [ $$status -eq 0 ] || exit $$status; \
	echo "vuln: with the oldest versions:"; "$$bin/govulncheck" ./... || [ $$? -eq 3 ]

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

proxy-test: backends
	@GO='$(GO)' ./scripts/proxy-test.sh

proxy-bench: backends
	cd examples/proxy && $(GO) run ./measure

# internal/documents checks that a drawing was made of the text that is there.
drawings:
	@for text in docs/images/*.d2; do $(GO) run $(D2) "$$text" "$${text%.d2}.svg" || exit 1; done

# Delete what is met now in internal/neverworse/unmet_test.go before, or it fails.
never-worse:
	$(GO) test $(NEWEST) -count 1 -timeout $(TEST_TIMEOUT) ./internal/neverworse -runs 5 -whole -update

# It fails by counts of errors. The ratio of CPU is for the reader.
unpaused:
	$(GO) run $(NEWEST) ./internal/neverworse/unpaused

bench: backends
	cd bench && $(GO) run .

bench-quick: backends
	cd bench && $(GO) run . -quick

# The comparisons' own tests, and the guard that counts what a command costs in allocations and calls.
bench-test: backends
	cd bench && $(GO) test ./...

# It takes a quiet machine to tell half a microsecond.
bench-get: backends
	cd bench && $(GO) test ./overhead -run '^$$' -bench '^BenchmarkGet$$' -benchtime 300x

# go test runs one fuzz target of one package at a time.
fuzz:
	@GO='$(GO)' ./scripts/fuzz.sh $(FUZZTIME)

# Flags for go test, such as -run, go into LATEST_TEST.
latest-test: backends
	@GO='$(GO)' ./scripts/latest-test.sh -timeout $(TEST_TIMEOUT) $(LATEST_TEST)

# It fetches the servers from Debian's suites into a cache, and installs nothing: see scripts/servers.sh.
servers-test:
	@GO='$(GO)' TEST_TIMEOUT=$(TEST_TIMEOUT) ./scripts/servers-test.sh $(SERVERS)

# The oldest and the newest of them. The one that is installed is part of make test.
servers-check:
	@GO='$(GO)' TEST_TIMEOUT=$(TEST_TIMEOUT) ./scripts/servers-test.sh redis-6.0 valkey-9.1

mutants: backends
	$(GO) run $(NEWEST) ./internal/mutants $(MUTANTS)

# Each part runs for SOAK, in rounds with seeds of their own, and ends with one line.
soak: $(SOAK_PARTS)

LONG := $(GO) test $(NEWEST) -count 1 -timeout 24h -v

soak-histories:
	@./scripts/soak.sh $@ $(SOAK) '$(LONG) -run Histories ./core/entra -histories 10000 -seed $$SEED && $(LONG) -run Histories ./core/entra/internal/schedule -histories 300000 -seed $$SEED'

# A thousand programs that were started together.
soak-programs:
	@./scripts/soak.sh $@ $(SOAK) '$(LONG) -run Programs ./core/entra -programs 1000'

soak-days:
	@./scripts/soak.sh $@ $(SOAK) '$(LONG) -run Days ./core/entra -hours 48'

soak-outages:
	@./scripts/soak.sh $@ $(SOAK) '$(LONG) -run FaultsIn ./core/entra -victims 4'

soak-connections:
	@./scripts/soak.sh $@ $(SOAK) '$(LONG) ./core/entraconn/internal/session -stories 300000 -seed $$SEED && $(LONG) ./core/entraconn -simulations 1000 -phases 64 -crowd 1000 -blocked 3h -seed $$SEED'

soak-streams:
	@./scripts/soak.sh $@ $(SOAK) '$(LONG) -run Random ./internal/resp -streams 20000 -seed $$SEED'

soak-telemetry:
	@./scripts/soak.sh $@ $(SOAK) '$(LONG) -run "Random|Gone" ./otel/internal/census -histories 10000 -gone 100000 -seed $$SEED && $(LONG) -run SpansEnd ./otel/otelentra -connections 50'

soak-fuzz:
	@./scripts/soak.sh $@ $(SOAK) 'GO=$(GO) ./scripts/fuzz.sh 1000000x'

# Millions of AUTHs in the streams of real clients, compared with plain ones.
soak-differential: backends
	@./scripts/soak.sh $@ $(SOAK) '$(LONG) ./internal/differential -injections 200000 -rotations 1000 -cancellations 300 -seed $$SEED'

# Random raw clients, which write any command of the server and bytes that are none, compared with plain ones.
soak-rawclients: backends
	@./scripts/soak.sh $@ $(SOAK) '$(LONG) -run RawClientsRead ./internal/rawclients -seeds 10000 -seed $$SEED'

# The tests of other people's libraries, compared with plain runs. The libraries that fit into SOAK run once, in an order that
# changes from night to night; all of them take two hours.
soak-libraries: backends
	@$(GO) run $(NEWEST) ./internal/libraries -time $(SOAK) -seed $$(date +%s)

# Every scenario of every client in virtual time, on one processor and on two.
soak-virtual soak-virtual-1: soak-virtual%:
	@./scripts/soak.sh $@ $(SOAK) '$(if $*,GOMAXPROCS=1) $(GO) test $(NEWEST) -race -count 1 -timeout 24h -run TestConformance/virtual ./adapters/...'

# Rows that are met must be met with each seed.
soak-never-worse:
	@./scripts/soak.sh $@ $(SOAK) '$(LONG) ./internal/neverworse -runs 4 -whole -seed $$SEED'

soak-real: backends
	@./scripts/soak.sh $@ $(SOAK) '$(GO) test $(NEWEST) -race -count 1 -p 3 -timeout 24h -run "TestConformance/real|TestClusterConformance" ./adapters/entra... -adaptertest.protocols'

# The whole suite with the oldest versions.
soak-floors: backends
	@./scripts/soak.sh $@ $(SOAK) '$(GO) test -count 1 -p 3 -timeout 24h ./...'

package rawclients_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/internal/rawclients"
)

var (
	seeds   = flag.Int("seeds", 120, "how many random scripts are played")
	seed    = flag.Uint64("seed", 0, "the seed of the first script. It fixes what is written; it does not fix where an AUTH goes in")
	workers = flag.Int("workers", 16, "how many pairs of servers scripts are played on at once")
)

const (
	patience = 20 * time.Second
	// shrinkingPatience bounds the wait for bytes that do not come, where that is likely.
	shrinkingPatience = 2 * time.Second
	shrinkingTime     = 2 * time.Minute
)

// needServer skips a test where the inner loop wants no redis-server.
func needServer(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this needs a redis-server and the tokens of a real clock")
	}
}

// openPair starts two servers.
func openPair(t *testing.T, connector rawclients.Connector) *rawclients.Pair {
	t.Helper()
	var addrs []string
	for range 2 {
		server, err := entratest.StartRedis(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		addrs = append(addrs, server.Addr())
	}
	pair, err := rawclients.OpenPair(addrs[0], addrs[1], connector)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pair.Close() })
	return pair
}

func newSources(t *testing.T) *rawclients.Sources {
	t.Helper()
	sources, err := rawclients.NewSources()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sources.Close() })
	return sources
}

// A tally counts what scripts have shown.
type tally struct {
	mu        sync.Mutex
	scripts   int
	steps     int
	renewals  int
	explained map[string]int // by limit
	failed    bool
}

func (a *tally) add(s *rawclients.Script, d *rawclients.Difference) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.scripts++
	a.steps += len(s.Steps)
	if d != nil && d.Limit != "" {
		a.explained[d.Limit]++
	}
}

// addRenewals adds how many AUTHs a pair has run beside the logins so far, times factor.
func (a *tally) addRenewals(t *testing.T, pair *rawclients.Pair, factor int) {
	renewals, err := pair.Renewals()
	if err != nil {
		t.Error(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.renewals += factor * renewals
}

// mayGoOn reports whether no script has failed.
func (a *tally) mayGoOn() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.failed
}

func (a *tally) fail() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = true
}

func (a *tally) String() string {
	var limits []string
	for _, limit := range slices.Sorted(maps.Keys(a.explained)) {
		limits = append(limits, fmt.Sprintf("%s: %d", limit, a.explained[limit]))
	}
	return fmt.Sprintf("%d scripts of %d steps, %d AUTHs beside the logins, 0 unexplained differences; explained by a limit: %s",
		a.scripts, a.steps, a.renewals, strings.Join(limits, ", "))
}

// This catches whatever a client can see of us, on whatever server is there: a command that changes what
// its next one or our AUTH means, that gives no reply or two, or that the scanners misread.
func TestRawClientsReadWhatPlainOnesRead(t *testing.T) {
	needServer(t)
	t.Parallel() // they wait more than they work
	all := play(t, openPairs(t, newSources(t)), ofSeeds(*seeds))
	if t.Failed() {
		return
	}
	if all.renewals < all.scripts {
		t.Errorf("%d AUTHs for %d scripts show nothing", all.renewals, all.scripts)
	}
	// The row of a server in make servers-test is made of these two lines.
	t.Logf("clients: 0 of %d", all.scripts)
	t.Logf("AUTHs: %d", all.renewals)
	t.Log(all)
}

func logUnlessFailed(t *testing.T, all *tally) {
	if !t.Failed() {
		t.Log(all)
	}
}

// What differs between two plain connections is a fault of the comparison.
func TestPlainConnectionsReadTheSame(t *testing.T) {
	needServer(t)
	all := play(t, openPairs(t, &wrongConnector{}), ofSeeds(max(1, *seeds/4)))
	if len(all.explained) > 0 {
		t.Errorf("plain connections differ as limits say: %v", all)
	}
}

// A source of scripts returns them one after the other, with a name for each, nil after the last one.
type scriptSource func(catalogue *rawclients.Catalogue) (name string, script *rawclients.Script)

// ofSeeds returns the scripts of n seeds.
func ofSeeds(n int) scriptSource {
	i := uint64(0)
	return func(catalogue *rawclients.Catalogue) (string, *rawclients.Script) {
		if i == uint64(n) {
			return "", nil
		}
		seed := *seed + i
		i++
		return fmt.Sprintf("-seed %d -seeds 1", seed), rawclients.Generate(seed, catalogue)
	}
}

// openPairs starts a pair of servers for each worker.
func openPairs(t *testing.T, connector rawclients.Connector) (pairs []*rawclients.Pair) {
	for range max(1, *workers) {
		pairs = append(pairs, openPair(t, connector))
	}
	return pairs
}

// A namedRun is a script on its way to a worker.
type namedRun struct {
	name   string
	script *rawclients.Script
}

// play plays scripts until one fails.
func play(t *testing.T, pairs []*rawclients.Pair, scripts scriptSource) *tally {
	all := &tally{explained: map[string]int{}}
	next := make(chan namedRun)
	var work sync.WaitGroup
	for _, pair := range pairs {
		work.Go(func() {
			all.addRenewals(t, pair, -1)
			for run := range next {
				all.play(t, pair, run)
			}
			all.addRenewals(t, pair, 1)
		})
	}
	for all.mayGoOn() {
		name, script := scripts(pairs[0].Catalogue())
		if script == nil {
			break
		}
		next <- namedRun{name, script}
	}
	close(next)
	work.Wait()
	return all
}

// play plays one script, and tells of a difference with the smallest script that has it.
func (a *tally) play(t *testing.T, pair *rawclients.Pair, run namedRun) {
	script := run.script
	d, err := pair.Run(t.Context(), script, patience)
	if err != nil {
		a.fail()
		t.Errorf("%s: %v\n%s", run.name, err, script)
		return
	}
	a.add(script, d)
	if d == nil || d.Limit != "" {
		return
	}
	a.fail()
	found, seen := d, 1
	rawclients.Shrink(script, shrinkingTime, func(smaller *rawclients.Script) bool {
		smallest := unexplained(t.Context(), pair, smaller, shrinkingPatience)
		if smallest != nil {
			found, seen = smallest, seen+1
		}
		return smallest != nil
	})
	t.Errorf("%s: %v\nThe difference was seen %d times. The whole script is\n%s", run.name, found, seen, script)
}

// unexplained plays a script some times, because where an AUTH goes in is not fixed, until there is a
// difference that no limit explains.
func unexplained(ctx context.Context, pair *rawclients.Pair, script *rawclients.Script, patience time.Duration) *rawclients.Difference {
	for range 4 {
		d, err := pair.Run(ctx, script, patience)
		if err == nil && d != nil && d.Limit == "" {
			return d
		}
	}
	return nil
}

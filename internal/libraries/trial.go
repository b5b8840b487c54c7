package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/entraredis/entraredis/internal/libraries/tokendial"
)

// lives are how long tokens live: at random between these two.
const lives = "50ms 500ms"

const (
	// rounds is how often each suite runs without tokens, and as often with them.
	rounds = 2
	// repeats is how often a test that differs runs again both ways. A test that fails now and then without tokens shows it.
	repeats = 5
	// longest is after what time a suite without tokens hangs.
	longest = 15 * time.Minute
)

// A trial runs the suites of a library without tokens and with them.
type trial struct {
	kit     *kit
	servers servers
	logs    string // the folder for the output of the tests
	runs    int    // so far

	compared *comparison
	auths    int                      // that the servers have run with tokens
	took     map[string]time.Duration // by suite, the longest run without tokens
}

func newTrial(k *kit, logs string) *trial {
	return &trial{
		kit: k, servers: k.library.servers, logs: logs,
		compared: newComparison(), took: map[string]time.Duration{},
	}
}

// compare runs all suites in turn, and those tests again that differ.
func (t *trial) compare(ctx context.Context) (verdict, error) {
	all := make([][]string, len(t.kit.library.suites))
	for range rounds {
		if err := t.round(ctx, all, true); err != nil {
			return verdict{}, err
		}
	}
	v := judge(t.compared, t.kit.library.known)
	again := make([][]string, len(all))
	differ := false
	for i, s := range t.kit.library.suites {
		for _, d := range v.faults() {
			if d.suite == s.name() && d.test != ended && !slices.Contains(again[i], outermost(d.test)) {
				again[i], differ = append(again[i], outermost(d.test)), true
			}
		}
	}
	if !differ {
		return v, nil
	}
	for range repeats {
		if err := t.round(ctx, again, false); err != nil {
			return verdict{}, err
		}
	}
	return judge(t.compared, t.kit.library.known), nil
}

// round runs the suites without tokens, and then with them. For each suite, only lists the tests that run. If whole is set,
// an empty list stands for all tests, else the suite does not run.
func (t *trial) round(ctx context.Context, only [][]string, whole bool) error {
	for _, withTokens := range []bool{false, true} {
		for i := range t.kit.library.suites {
			if len(only[i]) == 0 && !whole {
				continue
			}
			if err := t.run(ctx, i, only[i], withTokens, whole); err != nil {
				return err
			}
		}
	}
	return nil
}

// run runs a suite on servers of its own.
func (t *trial) run(ctx context.Context, i int, only []string, withTokens, whole bool) (err error) {
	s := t.kit.library.suites[i]
	set, err := startServers(ctx, t.servers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.close()) }()
	t.runs++
	place := filepath.Join(t.logs, fmt.Sprintf("%s-%d", strings.ReplaceAll(t.kit.library.name, "/", "-"), t.runs))
	if err := os.MkdirAll(place, 0o777); err != nil {
		return err
	}
	limit := longest
	if before := t.took[s.name()]; before > 0 {
		limit = 2*time.Minute + 5*before
	}
	own := countOwnAuths(place)
	began := time.Now()
	outcomes, err := t.execute(ctx, i, place, only, limit, set.environment(), withTokens)
	ownAuths := own.total()
	if err != nil {
		return err
	}
	if !withTokens {
		t.took[s.name()] = max(t.took[s.name()], time.Since(began))
		t.compared.addPlain(s.name(), whole, outcomes)
		return nil
	}
	t.compared.addTokens(s.name(), whole, outcomes)
	auths, err := set.auths()
	t.auths += auths + ownAuths
	return err
}

// execute runs a test binary below place, which becomes the folder for its temporary files.
func (t *trial) execute(ctx context.Context, i int, place string, only []string, limit time.Duration, servers string, withTokens bool) (map[string]outcome, error) {
	s := t.kit.library.suites[i]
	arguments, specs := s.arguments(limit, only), filepath.Join(place, "specs.xml")
	if s.specs {
		arguments = append(s.arguments(limit, nil), "-ginkgo.reportFile="+specs)
	}
	log, err := os.Create(filepath.Join(place, "output"))
	if err != nil {
		return nil, err
	}
	// The test binary ends itself after limit. A minute later it is ended.
	hung, cancel := context.WithTimeout(ctx, limit+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(hung, t.kit.tests[i], arguments...)
	cmd.Dir = filepath.Join(t.kit.dir, filepath.FromSlash(s.folder))
	cmd.Env = append(os.Environ(), append([]string{servers, tokendial.OwnVar + "=" + t.servers.own, "TMPDIR=" + place, "PWD=" + cmd.Dir}, s.env...)...)
	if withTokens {
		cmd.Env = append(cmd.Env, tokendial.TokensVar+"="+lives)
	}
	cmd.Stdout, cmd.Stderr = log, log
	before, err := os.ReadDir(cmd.Dir)
	if err != nil {
		return nil, err
	}
	end := leadGroup(cmd)
	err = cmd.Run()
	end() // of servers that the tests have started and left
	if others := errors.Join(log.Close(), removeOthers(cmd.Dir, before)); others != nil {
		return nil, others
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if cmd.ProcessState == nil { // it did not start
		return nil, err
	}
	output, err := os.ReadFile(log.Name())
	if err != nil {
		return nil, err
	}
	outcomes := readOutcomes(string(output), cmd.ProcessState.Success())
	if s.specs {
		found, err := readSpecs(specs)
		if err != nil {
			return nil, err
		}
		found[ended] = outcomes[ended]
		return found, nil
	}
	return outcomes, nil
}

// removeOthers removes what was not in a folder before. A server that the tests start there leaves its data for the next one.
func removeOthers(dir string, before []os.DirEntry) error {
	after, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range after {
		known := slices.ContainsFunc(before, func(b os.DirEntry) bool { return b.Name() == entry.Name() })
		if known {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

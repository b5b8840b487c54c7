package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A trial tries mutants on a copy of the checkout.
type trial struct {
	dir    string
	fast   bool                     // without make test
	limits map[string]time.Duration // of the stages that pass without a mutant, by their commands
}

// A stage is a command that runs tests, and takes its limit in one more argument.
type stage struct {
	name    string // of what is tested: several stages may share it
	command []string
	limit   string // what the argument begins with
}

// stages returns the commands that try m, the cheapest first. -vet=off, because a finding of vet is no failure of a test.
func (t *trial) stages(m mutant) []stage {
	all := []stage{
		{m.pkg(), []string{"go", "test", m.pkg(), "-vet=off", "-failfast", "-short"}, "-timeout="},
		{m.pkg(), []string{"go", "test", m.pkg(), "-vet=off", "-failfast"}, "-timeout="},
	}
	if !t.fast {
		all = append(all, stage{"make test", []string{"make", "test"}, "TEST_TIMEOUT="})
	}
	return all
}

// try runs stages until one of them fails.
func (t *trial) try(ctx context.Context, m mutant) (result, error) {
	file := filepath.Join(t.dir, filepath.FromSlash(m.file))
	src, err := os.ReadFile(file)
	if err != nil {
		return result{stale: err.Error()}, nil
	}
	changed, err := m.apply(string(src))
	if err != nil {
		return result{stale: err.Error()}, nil
	}
	for _, s := range t.stages(m) {
		limit, err := t.limitOf(ctx, s)
		if err != nil {
			return result{}, err
		}
		if err := os.WriteFile(file, []byte(changed), 0o666); err != nil {
			return result{}, err
		}
		r, err := t.run(ctx, s, limit)
		if restored := os.WriteFile(file, src, 0o666); err == nil {
			err = restored
		}
		if err != nil || r.died || r.broken != "" {
			return r, err
		}
	}
	return result{}, nil
}

// limitOf returns how long a stage may take with a mutant: a minute and five times as long as without one. The stage
// must pass without a mutant, or its failure with one would say nothing.
func (t *trial) limitOf(ctx context.Context, s stage) (time.Duration, error) {
	key := strings.Join(s.command, " ")
	if limit, ok := t.limits[key]; ok {
		return limit, nil
	}
	const longest = time.Hour
	began := time.Now()
	r, err := t.run(ctx, s, longest)
	if err != nil {
		return 0, err
	}
	if r.died || r.broken != "" {
		return 0, fmt.Errorf("%s fails without a mutant: %s\n%s", key, r, r.output)
	}
	t.limits[key] = (time.Minute + 5*time.Since(began)).Round(time.Second)
	return t.limits[key], nil
}

// run runs a stage in the copy as it is now.
func (t *trial) run(ctx context.Context, s stage, limit time.Duration) (result, error) {
	cmd := exec.CommandContext(ctx, s.command[0], append(s.command[1:len(s.command):len(s.command)], s.limit+limit.String())...)
	cmd.Dir = t.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // go test ends its tests
	cmd.WaitDelay = 10 * time.Second
	output, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return result{}, ctx.Err()
	case cmd.ProcessState == nil: // it did not start
		return result{}, err
	}
	return judge(s.name, string(output), cmd.ProcessState.Success()), nil
}

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
	fast   bool             // without make test
	limits map[string]limit // by the name of a stage that passes without a mutant
}

// A stage is one command that runs tests.
type stage struct {
	name  string // of what is tested: several stages may share it
	args  []string
	goRun bool // is a go test
}

// A limit is how long a stage may take with a mutant.
type limit time.Duration

// stages returns the commands that try m, the cheapest first. -vet=off, because a finding of vet is no failure of a test.
func (t *trial) stages(m mutant) []stage {
	test := []string{"go", "test", "-vet=off", "-failfast"}
	all := []stage{
		{name: m.pkg(), args: append(test[:4:4], "-short", m.pkg()), goRun: true},
		{name: m.pkg(), args: append(test[:4:4], m.pkg()), goRun: true},
	}
	if !t.fast {
		all = append(all, stage{name: "make test", args: []string{"make", "test"}})
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
		most, err := t.limitOf(ctx, s)
		if err != nil {
			return result{}, err
		}
		if err := os.WriteFile(file, []byte(changed), 0o666); err != nil {
			return result{}, err
		}
		r, err := t.run(ctx, s, time.Duration(most))
		if restored := os.WriteFile(file, src, 0o666); err == nil {
			err = restored
		}
		if err != nil || r.died || r.broken != "" {
			return r, err
		}
	}
	return result{}, nil
}

// limitOf returns the time for a stage with a mutant: a minute and five times as long as without one. The stage must
// pass without a mutant, or its failure with one would say nothing.
func (t *trial) limitOf(ctx context.Context, s stage) (limit, error) {
	key := strings.Join(s.args, " ")
	if l, ok := t.limits[key]; ok {
		return l, nil
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
	t.limits[key] = limit(time.Minute + 5*time.Since(began))
	return t.limits[key], nil
}

// run runs a stage in the copy as it is now.
func (t *trial) run(ctx context.Context, s stage, most time.Duration) (result, error) {
	args := s.args
	if s.goRun {
		args = append([]string{"go", "test", "-timeout", most.String()}, args[2:]...)
		most += time.Minute // go test builds first, and says which test hangs
	}
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	cmd := exec.CommandContext(limited, args[0], args[1:]...)
	cmd.Dir = t.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // which make and go pass on
	cmd.WaitDelay = 10 * time.Second
	output, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return result{}, ctx.Err()
	}
	if cmd.ProcessState == nil {
		return result{}, err // it did not start
	}
	r := judge(s.name, string(output), cmd.ProcessState.Success())
	if limited.Err() != nil {
		r = result{died: true, where: s.name, hung: true}
	}
	return r, nil
}

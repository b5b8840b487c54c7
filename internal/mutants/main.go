// Command mutants checks the tests: it breaks the code in one place, runs the tests, and says which
// test failed. A mutant that no test notices is a fault that the tests would miss.
//
// It works on a copy of the checkout, uncommitted changes included, so it changes no file of the
// checkout. It tries each mutant in stages, and the first stage that fails ends the mutant: the
// tests of the package that it changes with -short, all tests of that package, make test. Before
// its first mutant each stage must pass without one.
//
//	go run ./internal/mutants                  # all mutants
//	go run ./internal/mutants -fast            # without make test
//	go run ./internal/mutants -run 'AUTH|RESET'
//
// A stage hangs when it has taken a minute and five times as long as without a mutant. A mutant
// that makes it hang has died. The exit code is 0 if all mutants died, 1 if one survived, is stale
// or does not compile, and 2 if the flags make no sense.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) (exitCode int) {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.SetOutput(stderr)
	fast := flags.Bool("fast", false, "run only the tests of the package that a mutant changes, not make test")
	pattern := flags.String("run", "", "try only the mutants whose names match this regular expression")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	wanted, err := regexp.Compile(*pattern)
	if err != nil {
		fmt.Fprintf(stderr, "mutants: -run: %v\n", err)
		return 2
	}
	var chosen []mutant
	for _, m := range mutants() {
		if wanted.MatchString(m.name) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		fmt.Fprintf(stderr, "mutants: -run: no name matches %q\n", *pattern)
		return 2
	}
	root, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		fmt.Fprintf(stderr, "mutants: git rev-parse --show-toplevel: %v\n", err)
		return 1
	}
	died, err := tryAll(ctx, strings.TrimSpace(string(root)), chosen, *fast, stdout)
	if err != nil {
		fmt.Fprintf(stderr, "mutants: %v\n", err)
		return 1
	}
	if died < len(chosen) {
		return 1
	}
	return 0
}

// tryAll tries mutants on a copy of the checkout at root, prints a line for each, and returns how many died.
func tryAll(ctx context.Context, root string, all []mutant, fast bool, stdout io.Writer) (died int, err error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := copyCheckout(ctx, root, dir); err != nil {
		return 0, err
	}
	t := &trial{dir: dir, fast: fast, limits: map[string]time.Duration{}}
	for _, m := range all {
		result, err := t.try(ctx, m)
		if err != nil {
			return died, fmt.Errorf("%s: %w", m.name, err)
		}
		if result.died {
			died++
		}
		fmt.Fprintf(stdout, "%s: %s\n", m.name, result)
	}
	fmt.Fprintf(stdout, "%d of %d mutants died\n", died, len(all))
	return died, nil
}

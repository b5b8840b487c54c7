// Command libraries runs the tests of other people's libraries on connections of entraconn, with tokens that live 50 to
// 500 ms, and compares them by name with runs of the same tests without tokens.
//
// For each library of its table it downloads the module and puts package tokendial into a copy of the client library, where
// that opens a connection. It runs the tests on redis-servers of their own, twice without tokens and twice with them. Tests
// that fail with tokens only run five times more both ways. A test that has failed without tokens too is flaky and tells
// nothing. Another one is a difference, and a fault unless the table knows why.
//
//	go run ./internal/libraries                    # all libraries
//	go run ./internal/libraries -run 'asynq|rmq'
//	go run ./internal/libraries -time 1h -seed 7   # those that fit into an hour, in an order of their own
//
// Downloads come from the module proxy. Nothing of them is kept in the checkout: all work is done in a temporary folder,
// which is kept with the tests and their output if there is a fault. A library that cannot be downloaded, or for which no
// time is left, is in the results with that reason.
//
// The exit code is 0 if no library has a fault, 1 if one has or cannot be built, or none ran, and 2 if the flags make no
// sense.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
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
	flags := flag.NewFlagSet("libraries", flag.ContinueOnError)
	flags.SetOutput(stderr)
	budget := flags.Duration("time", 0, "start no library whose tests would not end within this time; 0 means all")
	seed := flags.Uint64("seed", 0, "of the order of the libraries; 0 means the order of the table")
	pattern := flags.String("run", "", "try only the libraries whose names match this regular expression")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	wanted, err := regexp.Compile(*pattern)
	if err != nil {
		fmt.Fprintf(stderr, "libraries: -run: %v\n", err)
		return 2
	}
	chosen := choose(libraries(), wanted, *seed)
	if len(chosen) == 0 {
		fmt.Fprintf(stderr, "libraries: -run: no name matches %q\n", *pattern)
		return 2
	}
	root, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		fmt.Fprintf(stderr, "libraries: git rev-parse --show-toplevel: %v\n", err)
		return 1
	}
	r, err := tryAll(ctx, strings.TrimSpace(string(root)), chosen, *budget, stdout)
	if err != nil {
		fmt.Fprintf(stderr, "libraries: %v\n", err)
		return 1
	}
	if !r.good() {
		return 1
	}
	return 0
}

// choose returns the libraries that are wanted, in the order of the seed.
func choose(all []library, wanted *regexp.Regexp, seed uint64) (chosen []library) {
	for _, l := range all {
		if wanted.MatchString(l.name) {
			chosen = append(chosen, l)
		}
	}
	if seed != 0 {
		rnd := rand.New(rand.NewPCG(seed, 0))
		rnd.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	}
	return chosen
}

// tryAll tries libraries with the checkout at root, and prints a row for each and a line at the end.
func tryAll(ctx context.Context, root string, all []library, budget time.Duration, stdout io.Writer) (report, error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "libraries")
	if err != nil {
		return report{}, err
	}
	r := report{out: stdout}
	defer func() {
		if r.faulty() {
			fmt.Fprintf(stdout, "the tests that differ and the output of all are in %s\n", dir)
			return
		}
		_ = os.RemoveAll(dir)
	}()
	w, err := newWorkshop(ctx, root, dir)
	if err != nil {
		return report{}, err
	}
	r.begin()
	for _, l := range all {
		left := budget - time.Since(began)
		if budget > 0 && left < l.needs() {
			r.add(row{library: l, reason: fmt.Sprintf("no time is left: it takes %v, see -time", l.needs())})
			continue
		}
		one, err := try(ctx, w, l)
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		switch {
		case errors.Is(err, errNoDownload):
			r.add(row{library: l, reason: err.Error()})
		case err != nil:
			r.add(row{library: l, err: err})
		default:
			r.add(one)
		}
	}
	r.end(time.Since(began))
	return r, nil
}

// try builds a library and compares it.
func try(ctx context.Context, w *workshop, l library) (row, error) {
	k, err := w.build(ctx, l)
	if err != nil {
		return row{}, err
	}
	return compare(ctx, w, k)
}

func compare(ctx context.Context, w *workshop, k *kit) (row, error) {
	t := newTrial(k, filepath.Join(w.dir, "logs"))
	v, err := t.compare(ctx)
	if err != nil {
		return row{}, err
	}
	one := row{library: k.library, verdict: v, auths: t.auths}
	if one.good() {
		return one, k.remove()
	}
	return one, nil // for who looks for the fault
}

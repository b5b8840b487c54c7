// Command release checks what a release needs and no test of the module sees. It builds the module's zip as the module proxy
// does, and serves it from a folder. Programs that have older versions of everything then get one package each: only versions
// of modules that the package links may change. It checks the licences of what is linked, and lists that as an SBOM.
//
//	go run . -root ../..                      # what is in the checkout, committed or not
//	go run . -root ../.. -sbom bom.cdx.json   # writes the SBOM, which is CycloneDX
//
// It is a module of its own, so that its requirements are not those of users. The exit code is 0 if the module can be
// released, 1 if not, and 2 if the flags make no sense.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

const (
	ownModule = "github.com/entraredis/entraredis"
	// tried is a version that will never be tagged.
	tried = "v0.0.1-release-check"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) (exitCode int) {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", ".", "the checkout")
	sbom := flags.String("sbom", "", "write an SBOM to this file")
	version := flags.String("version", tried, "version of the module in the SBOM")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := check(ctx, *root, *sbom, *version, stdout); err != nil {
		fmt.Fprintf(stderr, "release-check: FAILED: %v\n", err)
		return 1
	}
	fmt.Fprintln(stdout, "release-check: ok")
	return 0
}

func check(ctx context.Context, root, sbom, version string, stdout io.Writer) error {
	dir, err := os.MkdirTemp("", "release-check")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, err = filepath.Abs(root)
	if err != nil {
		return err
	}
	t, err := newTrials(ctx, root, dir)
	if err != nil {
		return err
	}
	if err := t.tryFloors(ctx, stdout); err != nil {
		return err
	}
	linked, err := t.linked(ctx)
	if err != nil {
		return err
	}
	if err := checkLicences(linked, stdout); err != nil {
		return err
	}
	return writeBOM(linked, version, sbom, stdout)
}

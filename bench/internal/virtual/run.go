// Package virtual runs comparisons in virtual time. testing/synctest wants a test, so that is what they are: a program
// runs the test, which writes a result to a file.
package virtual

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Run runs a test of a package of this module, with the module's folder as the current one, and reads its result.
func Run(ctx context.Context, pkg, test string, quick bool, result any) error {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "result.json")
	args := []string{"test", "-count", "1", "-timeout", "10m", "-run", "^" + test + "$", pkg, "-args", "-result", file}
	if !quick {
		args = append(args, "-whole")
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go test %s: %w\n%s", pkg, err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("the test wrote no result: %w", err)
	}
	return json.Unmarshal(text, result)
}

// Flags are those of a test that can be run this way.
type Flags struct {
	result *string
	Whole  *bool // everything, not the small version that ordinary tests run
}

// Define defines the flags.
func Define() Flags {
	return Flags{flag.String("result", "", "file for the result"), flag.Bool("whole", false, "everything")}
}

// Wanted reports whether a benchmark asked for the result. Else this is an ordinary test.
func (f Flags) Wanted() bool { return *f.result != "" }

// Keep writes the result, if a benchmark asked for it.
func (f Flags) Keep(t *testing.T, result any) {
	t.Helper()
	if !f.Wanted() {
		return
	}
	text, err := json.Marshal(result)
	if err == nil {
		err = os.WriteFile(*f.result, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

package entraredigo_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/adapters/adaptertest"
)

// brokenVariable is set where TestBrokenClient is to run.
const brokenVariable = "ENTRAREDIGO_BROKEN_CLIENT"

// A broken client finds no XGROUP, as if the server did not know it.
type broken struct{ adaptertest.Client }

func (b broken) Do(ctx context.Context, args ...string) (any, error) {
	if args[0] == "XGROUP" {
		return nil, errors.New("ERR unknown command")
	}
	return b.Client.Do(ctx, args...)
}

func TestBrokenClient(t *testing.T) {
	if os.Getenv(brokenVariable) == "" {
		t.Skip("TestFailedScenarioLeavesOthersTheirVerdict runs it")
	}
	h := harness()
	open := h.Open
	h.Open = func(ctx context.Context, cfg adaptertest.Config) (adaptertest.Client, error) {
		opened, err := open(ctx, cfg)
		return broken{opened}, err
	}
	adaptertest.Run(t, h)
}

// The scenario has goroutines in blocking calls when it fails. One that goes on after that ends the whole program, and
// takes the verdicts of the other scenarios with it.
func TestFailedScenarioLeavesOthersTheirVerdict(t *testing.T) {
	const scenarios = "TestBrokenClient/virtual_time/RESP2/"
	program := exec.Command(os.Args[0], "-test.v",
		"-test.run", "^TestBrokenClient$/^virtual_time$/^RESP2$/^(idle_across_3_rotations|blocked_across_many_tokens)$")
	program.Env = append(os.Environ(), brokenVariable+"=1")
	out, err := program.CombinedOutput()
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || strings.Contains(string(out), "panic: ") ||
		!strings.Contains(string(out), "--- FAIL: "+scenarios+"blocked_across_many_tokens") ||
		!strings.Contains(string(out), "--- PASS: "+scenarios+"idle_across_3_rotations") {
		t.Errorf("%v, want one failure and one success:\n%s", err, out)
	}
}

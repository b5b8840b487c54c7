package overhead

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"

	"github.com/entraredis/entraredis/bench/internal/redisserver"
)

// argument makes a program measure a round instead of doing what it is for.
const argument = "measure-overhead"

// A task is what such a process is told on its standard input. It answers with the outcomes of a round.
type task struct {
	Plan    plan
	Swapped bool
	Server  redisserver.Access
}

// Serve measures a round if this process was started to, and reports whether it was. main calls it first.
func Serve() (served bool) {
	if len(os.Args) != 2 || os.Args[1] != argument {
		return false
	}
	if err := measureRound(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "overhead:", err)
		os.Exit(1)
	}
	return true
}

func measureRound(ctx context.Context) error {
	var t task
	if err := json.NewDecoder(os.Stdin).Decode(&t); err != nil {
		return err
	}
	server, err := redisserver.Join(t.Server)
	if err != nil {
		return err
	}
	defer server.Close()
	outcomes, err := t.Plan.round(ctx, server, t.Swapped)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(outcomes)
}

// elsewhere measures a round in a new process, this program once more.
func elsewhere(ctx context.Context, t task) (outcomes []outcome, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	in, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	process := exec.CommandContext(ctx, self, argument)
	process.Stdin, process.Stderr = bytes.NewReader(in), os.Stderr
	out, err := process.Output()
	if err != nil {
		return nil, fmt.Errorf("the process of a round: %w", err)
	}
	err = json.Unmarshal(out, &outcomes)
	return outcomes, err
}

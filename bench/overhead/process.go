package overhead

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"

	"github.com/entraredis/entraredis/bench/internal/redisserver"
)

// argument makes a program compare once instead of doing what it is for.
const argument = "measure-overhead"

// A task is what such a process is told on its standard input. It answers with the outcome.
type task struct {
	Plan       plan
	Comparison int // of the plan's
	Swapped    bool
	Server     redisserver.Access
}

// serviceHeap makes the garbage collector run as seldom as in a service that keeps something in memory. In a process that
// keeps nothing it runs fifty times in a second, in some slices and not in others.
const serviceHeap = 64 << 20

// Serve compares once if this process was started to, and reports whether it was. main calls it first.
func Serve() (served bool) {
	if len(os.Args) != 2 || os.Args[1] != argument {
		return false
	}
	if err := serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "overhead:", err)
		os.Exit(1)
	}
	return true
}

func serve(ctx context.Context) error {
	var t task
	if err := json.NewDecoder(os.Stdin).Decode(&t); err != nil {
		return err
	}
	server, err := redisserver.Join(t.Server)
	if err != nil {
		return err
	}
	defer server.Close()
	heap := make([]byte, serviceHeap)
	defer runtime.KeepAlive(heap)
	o, err := t.Plan.comparisons()[t.Comparison].once(ctx, t.Plan, server, t.Swapped)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(o)
}

// A program is a copy of this one, which the kernel keeps in other pages of memory than the next one.
type program struct{ path string }

// copyProgram makes one, which lasts until remove.
func copyProgram() (p program, err error) {
	path, err := os.Executable()
	if err != nil {
		return p, err
	}
	self, err := os.Open(path)
	if err != nil {
		return p, err
	}
	defer self.Close()
	to, err := os.CreateTemp("", "bench-")
	if err != nil {
		return p, err
	}
	p.path = to.Name()
	_, err = io.Copy(to, self)
	if err = errors.Join(err, to.Chmod(0o700), to.Close()); err != nil {
		err = errors.Join(err, p.remove())
	}
	return p, err
}

func (p program) remove() error { return os.Remove(p.path) }

// compareOnce has a new process of the program do a task.
func (p program) compareOnce(ctx context.Context, t task) (o outcome, err error) {
	in, err := json.Marshal(t)
	if err != nil {
		return o, err
	}
	process := exec.CommandContext(ctx, p.path, argument)
	process.Stdin, process.Stderr = bytes.NewReader(in), os.Stderr
	out, err := process.Output()
	if err != nil {
		return o, fmt.Errorf("the process that compares: %w", err)
	}
	err = json.Unmarshal(out, &o)
	return o, err
}

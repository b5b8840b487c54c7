package main_test

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A process is a program that the test runs beside itself.
type process struct {
	lines chan string   // what it writes to standard output
	done  chan struct{} // closed when it has ended
}

// start runs a program until the test ends, however that ends. What it writes to standard error is shown if the test
// fails.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	dieWithUs(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var problems strings.Builder // Wait returns when it is complete
	cmd.Stderr = &problems
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{lines: make(chan string, 100), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			select {
			case p.lines <- lines.Text():
			default: // no reader waits for it
			}
		}
		_, _ = io.Copy(io.Discard, out) // a line too long for the Scanner
		_ = cmd.Wait()                  // a test that waits for output says what is missing
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-p.done:
		case <-time.After(hangs):
			t.Errorf("%s did not end", cmd.Path)
			_ = cmd.Process.Kill()
			<-p.done
		}
		if t.Failed() && problems.Len() > 0 {
			t.Logf("%s:\n%s", cmd.Path, lastLines(problems.String(), 20))
		}
	})
	return p
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// hangs is how long to wait for what comes sooner or later, or not at all.
const hangs = 5 * time.Minute

// eventually calls try until it returns "". What it waits for happens in other processes, which cannot be asked to call
// back and know nothing of synthetic time, so it looks again and again; what try returned last says what was missing.
func eventually(t *testing.T, try func() (missing string)) {
	t.Helper()
	look := time.NewTicker(250 * time.Millisecond)
	defer look.Stop()
	end := time.After(hangs)
	for {
		missing := try()
		if missing == "" {
			return
		}
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("after %v: %s", hangs, missing)
		case <-t.Context().Done():
			t.Fatal(missing)
		}
	}
}

package main // a program cannot be imported, so its tests live inside

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// On a machine that is too busy to judge, the program says so. make quickstart wants a verdict.
func TestThreeClientsOutliveTheControl(t *testing.T) {
	t.Parallel()
	code, lines := runCommand(t, "-duration", "6s")
	want := regexp.MustCompile(`^quickstart: ok clients=3 tokens=\d+ auths=\d+ commands=\d+ messages=\d+ errors=0 lost=0 redials=0 control_cut=[1-9]\d*$`)
	if code == 3 {
		want = regexp.MustCompile(`^quickstart: machine too busy to judge: starved \d+\.\d s in a token's life of \d+\.\d s$`)
	}
	if last := lines[len(lines)-1]; code != 0 && code != 3 || !want.MatchString(last) {
		t.Errorf("exit code %d, want 0; the last line must match %v:\n%s", code, want, strings.Join(lines, "\n"))
	}
}

func TestRefusedRenewalsFailTheRun(t *testing.T) {
	t.Parallel()
	code, lines := runCommand(t, "-fault", "refuse")
	if last := lines[len(lines)-1]; code != 1 || !strings.HasPrefix(last, "quickstart: failed") {
		t.Errorf("exit code %d, want 1, and a last line that begins with quickstart: failed:\n%s", code, strings.Join(lines, "\n"))
	}
}

func TestUselessFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"-fault", "meteor"},
		{"-azure", "contoso:6380", "-redis", "localhost:6379"},
		{"-azure", "contoso:6380", "-fault", "refuse"},
		{"-duration", "-1s"},
		{"-duration", "soon"},
		{"fast"},
	} {
		var stderr bytes.Buffer
		if code := command(args, os.Stdout, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("%v: exit code %d, want 2, and a reason on stderr: %q", args, code, stderr.String())
		}
	}
}

func TestUnreachableRedisFailsTheRun(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closeQuietly(listener) // from now on no server answers there
	code, lines := runCommand(t, "-redis", listener.Addr().String())
	want := "quickstart: failed: -redis " + listener.Addr().String() + ": "
	if last := lines[len(lines)-1]; code != 1 || !strings.HasPrefix(last, want) || !strings.HasSuffix(last, "or leave -redis out") {
		t.Errorf("exit code %d, want 1, last line %q, want it to begin with %q and to say what to do", code, last, want)
	}
}

func runCommand(t *testing.T, args ...string) (exitCode int, lines []string) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer closeQuietly(out)
	var stderr bytes.Buffer
	code := command(args, out, &stderr)
	if stderr.Len() > 0 {
		t.Errorf("stderr: %s", stderr.String())
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return code, strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}

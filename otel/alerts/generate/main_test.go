package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/otel/alerts/internal/rules"
	"github.com/google/go-cmp/cmp"
)

func build(t *testing.T) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "generate")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

func TestWritesWhatTheFlagsAskFor(t *testing.T) {
	binary := build(t)
	file := filepath.Join(t.TempDir(), "rules")
	for _, test := range []struct {
		flags []string
		want  []byte
	}{
		{nil, rules.Prometheus(rules.Groups(rules.Options{}))},
		{[]string{"-format", "operator", "-plain-names"}, rules.Operator(rules.Groups(rules.Options{PlainNames: true}))},
		{[]string{"-format", "azure", "-pod-labels", "replica,slot"}, rules.Azure(rules.Groups(rules.Options{PodLabels: []string{"replica", "slot"}}))},
	} {
		t.Run(strings.Join(test.flags, " "), func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), binary, test.flags...).Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(test.want), string(out)); diff != "" {
				t.Errorf("standard output (-want +got):\n%s", diff)
			}
			if out, err := exec.CommandContext(t.Context(), binary, append(test.flags, "-o", file)...).CombinedOutput(); err != nil || len(out) > 0 {
				t.Fatalf("%v\n%s", err, out)
			}
			written, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(test.want), string(written)); diff != "" {
				t.Errorf("the file (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefusesAFormatThatItDoesNotKnow(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), build(t), "-format", "jsonnet").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "want prometheus, operator or azure") {
		t.Errorf("%v\n%s", err, out)
	}
}

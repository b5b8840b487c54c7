package troubleshooting_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/internal/troubleshooting"
)

const (
	goldenFile = "../misconfigurations/testdata/first_command.golden"
	pageFile   = "../../docs/troubleshooting.md"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPageIsMadeOfTheGoldenFile(t *testing.T) {
	want, err := troubleshooting.Page(read(t, goldenFile))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(read(t, pageFile), "\n")); diff != "" {
		t.Errorf("run go run ./internal/troubleshooting/write\n%s", diff)
	}
}

// A reader finds the page by any line that a program shows, moments and lengths of time aside.
func TestPageHasEachTextOfTheGoldenFile(t *testing.T) {
	page := read(t, pageFile)
	texts := 0
	for line := range strings.Lines(read(t, goldenFile)) {
		_, text, found := strings.Cut(strings.TrimSpace(line), ": ")
		if !found {
			continue // the name of a misconfiguration
		}
		text, _, _ = strings.Cut(text, " [")
		text, _, _ = strings.Cut(text, "; gave up after waiting")
		texts++
		if !strings.Contains(page, text) {
			t.Errorf("the page has no text %q", text)
		}
	}
	if texts < 100 {
		t.Errorf("the golden file has only %d texts", texts)
	}
}

func TestEachMisconfigurationNeedsItsOwnEntry(t *testing.T) {
	golden := read(t, goldenFile)
	tests := map[string]struct{ golden, problem string }{
		"one without an entry": {golden + "== new\ngo-redis: words\nlog: words\n", `no entry for ["new"]`},
		"one that is gone":     {strings.Replace(golden, "== no az\n", "== renamed\n", 1), `the golden file has no "no az"`},
		"another text": {strings.ReplaceAll(golden, "connection refused", "connection lost"),
			`no caller gets "connection refused" for "wrong port of Redis"`},
		"a line before the first name": {"words: words\n" + golden, `a line "words: words"`},
		"a line without a client":      {golden + "words\n", `a line "words"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			page, err := troubleshooting.Page(test.golden)
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("got a page of %d bytes and the error %v, want %q", len(page), err, test.problem)
			}
		})
	}
}

package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A mutant that does not fit the code any more tests nothing.
func TestEachMutantFitsTheCode(t *testing.T) {
	names := map[string]bool{}
	for _, m := range mutants() {
		if names[m.name] {
			t.Errorf("two mutants are called %q", m.name)
		}
		names[m.name] = true
		src, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(m.file)))
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		changed, err := m.apply(string(src))
		if err != nil {
			t.Errorf("%s is stale: %v", m.name, err)
			continue
		}
		if changed == string(src) {
			t.Errorf("%s changes nothing", m.name)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, changed, parser.SkipObjectResolution); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

func TestParsesTestOutput(t *testing.T) {
	const where = "./p"
	for name, test := range map[string]struct {
		output string
		passed bool
		want   string
	}{
		"passed": {"ok  \tx/p\t0.1s\n", true, "SURVIVED"},
		"failed": {
			"--- FAIL: TestA (0.00s)\n    a_test.go:9: no\n    --- FAIL: TestA/sub (0.00s)\n--- FAIL: TestB (0.00s)\nFAIL\tx/p\t0.1s\n", false,
			"died in ./p (TestA)",
		},
		"hung": {
			"panic: test timed out after 1s\n\trunning tests:\n\t\tTestA (1s)\n\ngoroutine 7 [running]:\nFAIL\tx/p\t1s\n", false,
			"died in ./p (hung TestA)",
		},
		"hung outside of tests":   {"panic: test timed out after 1s\n\ngoroutine 7 [running]:\nFAIL\tx/p\t1s\n", false, "died in ./p (hung)"},
		"panic in a goroutine":    {"panic: no\n\ngoroutine 7 [running]:\nx/p_test.TestA.func1()\n\t/x/a_test.go:9\nFAIL\tx/p\t0.1s\n", false, "died in ./p (TestA)"},
		"failed without a reason": {"FAIL\tx/p\t0.1s\n", false, "died in ./p"},
		"does not compile":        {"# x/p\na.go:9: no\nFAIL\tx/p [build failed]\n", false, "DOES NOT COMPILE:\n# x/p\na.go:9: no\nFAIL\tx/p [build failed]\n"},
	} {
		if got := judge(where, test.output, test.passed).String(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

const (
	sumFile     = "package sum\n\nfunc Sum(a, b int) int { return a + b }\n\nfunc Twice(a int) int { return 2 * a }\n"
	sumTestFile = `package sum

import "testing"

func TestSum(t *testing.T) {
	if Sum(1, 2) != 3 {
		t.Error("no")
	}
}
`
)

func TestTriesMutantsOnACopy(t *testing.T) {
	root := checkout(t, map[string]string{
		"go.mod":                        "module sum\n\ngo 1.26\n",
		"sum/sum.go":                    sumFile,
		"sum/sum_test.go":               sumTestFile,
		"internal/mutants/fits_test.go": "package main\n",
		"Makefile":                      "test:\n\t@grep -q '2 \\* a' sum/sum.go && ! test -e internal/mutants\n",
	})
	all := []mutant{
		{name: "minus", file: "sum/sum.go", old: "a + b", new: "a - b"},
		{name: "thrice", file: "sum/sum.go", old: "2 * a", new: "3 * a"},
		{name: "turned", file: "sum/sum.go", old: "a + b", new: "b + a"},
		{name: "stale", file: "sum/sum.go", old: "a / b", new: "a"},
		{name: "wrong", file: "sum/sum.go", old: "a + b", new: "a + c"},
	}
	tests := []struct {
		fast bool
		all  []mutant
		died int
		want []string // the starts of the lines
	}{
		{false, all[:1], 1, []string{"minus: died in ./sum (TestSum)", "1 of 1 mutants died"}},
		{true, all[1:2], 0, []string{"thrice: SURVIVED", "0 of 1 mutants died"}},
		{false, all[1:], 1, []string{
			"thrice: died in make test", "turned: SURVIVED", "stale: STALE: sum/sum.go contains 0 times",
			"wrong: DOES NOT COMPILE:", "# sum", "sum/sum.go:3", "FAIL", "FAIL", "1 of 4 mutants died",
		}},
	}
	for _, test := range tests {
		var out bytes.Buffer
		if died, err := tryAll(t.Context(), root, test.all, test.fast, &out); died != test.died || err != nil {
			t.Errorf("%v: %d died, error %v", test.want, died, err)
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSpace(line); line != "" {
				got = append(got, line)
			}
		}
		for i := range min(len(got), len(test.want)) {
			got[i] = got[i][:min(len(got[i]), len(test.want[i]))]
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if src, err := os.ReadFile(filepath.Join(root, "sum", "sum.go")); err != nil || string(src) != sumFile {
		t.Errorf("the checkout has changed: %q, %v", src, err)
	}
}

// Tests that fail anyway would kill every mutant.
func TestEndsIfTheTestsFailWithoutAMutant(t *testing.T) {
	root := checkout(t, map[string]string{
		"go.mod":          "module sum\n\ngo 1.26\n",
		"sum/sum.go":      strings.Replace(sumFile, "a + b", "a * b", 1),
		"sum/sum_test.go": sumTestFile,
	})
	var out bytes.Buffer
	_, err := tryAll(t.Context(), root, []mutant{{name: "divided", file: "sum/sum.go", old: "a * b", new: "a / b"}}, true, &out)
	if err == nil || !strings.Contains(err.Error(), "fails without a mutant: died in ./sum (TestSum)") {
		t.Errorf("error %v", err)
	}
	if out.Len() > 0 {
		t.Errorf("printed %q", &out)
	}
}

// checkout makes a repository of files that are not committed.
func checkout(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	git := exec.Command("git", "init", "--quiet", root)
	if output, err := git.CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, output)
	}
	for name, content := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

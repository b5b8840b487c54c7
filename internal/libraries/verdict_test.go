package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJudges(t *testing.T) {
	type run = map[string]outcome
	for name, test := range map[string]struct {
		plain, tokens []run
		want          []string // differences
		flaky, broken int
	}{
		"the same": {
			plain:  []run{{"A": passed, "B": skipped, ended: passed}, {"A": passed, "B": skipped, ended: passed}},
			tokens: []run{{"A": passed, "B": skipped, ended: passed}, {"A": passed, "B": skipped, ended: passed}},
		},
		"fails once with tokens": {
			plain:  []run{{"A": passed, ended: passed}, {"A": passed, ended: passed}},
			tokens: []run{{"A": failed, ended: failed}, {"A": passed, ended: passed}},
			want:   []string{"A: failed 1 of 2 times with tokens, 0 of 2 without"},
		},
		"fails in a part": {
			plain:  []run{{"A": passed, "A/b": passed, "A/c": passed, ended: passed}},
			tokens: []run{{"A": failed, "A/b": failed, "A/c": passed, ended: failed}},
			want:   []string{"A/b: failed 1 of 1 times with tokens, 0 of 1 without"},
		},
		"fails now and then": {
			plain:  []run{{"A": passed, ended: passed}, {"A": failed, ended: failed}},
			tokens: []run{{"A": failed, ended: failed}, {"A": failed, ended: failed}},
			flaky:  2,
		},
		"fails always": {
			plain:  []run{{"A": failed, ended: failed}},
			tokens: []run{{"A": failed, ended: failed}},
			broken: 2,
		},
		"ends before its last test": {
			plain:  []run{{"A": passed, "B": passed, ended: passed}},
			tokens: []run{{"A": unfinished, ended: failed}},
			want:   []string{"A: failed 1 of 1 times with tokens, 0 of 1 without", "B: failed 0 of 0 times with tokens, 0 of 1 without"},
		},
		"ends early once": {
			plain:  []run{{"A": passed, "B": passed, ended: passed}, {"A": passed, "B": passed, ended: passed}},
			tokens: []run{{"A": unfinished, ended: failed}, {"A": passed, "B": passed, ended: passed}},
			want:   []string{"A: failed 1 of 2 times with tokens, 0 of 2 without"},
		},
		"ends early without tokens": {
			plain:  []run{{"A": unfinished, ended: failed}, {"A": passed, "B": passed, ended: passed}},
			tokens: []run{{"A": passed, "B": failed, ended: failed}, {"A": passed, "B": passed, ended: passed}},
			flaky:  2,
		},
		"only its end fails": {
			plain:  []run{{"A": passed, ended: passed}},
			tokens: []run{{"A": passed, ended: failed}},
			want:   []string{ended + ": failed 1 of 1 times with tokens, 0 of 1 without"},
		},
		"skipped with tokens": {
			plain:  []run{{"A": passed, ended: passed}},
			tokens: []run{{"A": skipped, ended: passed}},
			want:   []string{"A: failed 0 of 1 times with tokens, 0 of 1 without; skipped 1 times with tokens"},
		},
		"a name that changes": {
			plain:  []run{{"A/1": passed, ended: passed}, {"A/2": passed, ended: passed}},
			tokens: []run{{"A/3": passed, ended: passed}, {"A/4": failed, ended: passed}},
		},
		"a known one": {
			plain:  []run{{"Known": passed, ended: passed}},
			tokens: []run{{"Known": failed, ended: failed}},
			want:   []string{"Known: failed 1 of 1 times with tokens, 0 of 1 without; known: it counts"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newComparison()
			for _, outcomes := range test.plain {
				c.addPlain("", true, outcomes)
			}
			for _, outcomes := range test.tokens {
				c.addTokens("", true, outcomes)
			}
			v := judge(c, library{knownDifferences: []reasoned{{"^Known$", "it counts"}}}.known)
			var got []string
			for _, d := range v.differences {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(v.flaky) != test.flaky || len(v.broken) != test.broken {
				t.Errorf("flaky %v, broken %v", v.flaky, v.broken)
			}
			if faults := v.faults(); len(faults) > 0 && strings.Contains(faults[0].String(), "known") {
				t.Errorf("a known difference is a fault: %v", faults)
			}
		})
	}
}

// A repeated test runs alone, so the others have not failed.
func TestRepeatedTestsAreCountedAlone(t *testing.T) {
	c := newComparison()
	c.addPlain("p", true, map[string]outcome{"A": passed, "B": passed, ended: passed})
	c.addTokens("p", true, map[string]outcome{"A": failed, "B": passed, ended: failed})
	for range repeats {
		c.addPlain("p", false, map[string]outcome{"A": passed, ended: passed})
		c.addTokens("p", false, map[string]outcome{"A": passed, ended: passed})
	}
	v := judge(c, func(string) string { return "" })
	if len(v.flaky) > 0 || len(v.differences) != 1 || v.differences[0].String() != "p: A: failed 1 of 6 times with tokens, 0 of 6 without" {
		t.Errorf("flaky %v, differences %v", v.flaky, v.differences)
	}
}

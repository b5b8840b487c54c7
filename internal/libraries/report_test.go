package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func TestTellsWhatBecameOfEachLibrary(t *testing.T) {
	l := library{name: "rmq", version: "v5.2.0"}
	fault := difference{testID: testID{test: "TestA"}, plain: tally{runs: 2}, tokens: tally{runs: 2, failures: 2}}
	known := fault
	known.reason = "it counts"
	for name, test := range map[string]struct {
		one  row
		good bool
		want string
	}{
		"the same":         {row{library: l, auths: 9, verdict: verdict{tests: 5}}, true, "soak-libraries: ok, 1 of 1 libraries, 5 tests, 9 AUTHs, 0 differences and 0 known ones in 2 s\n"},
		"known difference": {row{library: l, auths: 9, verdict: verdict{tests: 5, differences: []difference{known}}}, true, "0 differences and 1 known ones"},
		"difference":       {row{library: l, auths: 9, verdict: verdict{tests: 5, differences: []difference{fault}}}, false, "\tdiffers: TestA: failed 2 of 2 times"},
		"no AUTH":          {row{library: l, verdict: verdict{tests: 5}}, false, "FAILED: the servers have run no AUTH"},
		"no test":          {row{library: l, auths: 9}, false, "soak-libraries: FAILED"},
		"did not build":    {row{library: l, err: os.ErrInvalid}, false, "FAILED: invalid argument"},
		"is named at end":  {row{library: l, reason: "no time is left"}, false, "soak-libraries: FAILED, 0 of 1 libraries, 0 tests, 0 AUTHs, 0 differences and 0 known ones in 2 s, without rmq\n"},
		"did not run":      {row{library: l, reason: "no time is left"}, false, "not run: no time is left"},
	} {
		var out bytes.Buffer
		r := report{out: &out}
		r.begin()
		r.add(test.one)
		r.end(2 * time.Second)
		if r.good() != test.good || !strings.Contains(out.String(), test.want) {
			t.Errorf("%s: good is %v, want %v, and %q in:\n%s", name, r.good(), test.good, test.want, &out)
		}
	}
}

package adaptertest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/adapters/adaptertest"
)

func TestComparesTheSectionOfALibraryExactly(t *testing.T) {
	harness := adaptertest.Harness{Library: "one", Protocols: []int{2}}
	other := adaptertest.Matrix(adaptertest.Harness{Library: "one more", Protocols: []int{2}})
	section := adaptertest.Matrix(harness)
	for name, test := range map[string]struct {
		text string
		ok   bool
	}{
		"as it is":            {"# Adapters\n\n" + section, true},
		"before others":       {section + "\n" + other, true},
		"after others":        {other + "\n" + section, true},
		"before the next":     {section + "\n## Next\n", true},
		"not there":           {other, false},
		"twice":               {section + "\n" + section, false},
		"with a row too much": {strings.Replace(section, "| login | yes |\n", "| login | yes |\n| logout | yes |\n", 1), false},
		"with a row too few":  {strings.Replace(section, "| login | yes |\n", "", 1), false},
		"with more after it":  {section + "| logout | yes |\n", false},
		"under another name":  {strings.Replace(section, "### one", "### two", 1), false},
	} {
		path := filepath.Join(t.TempDir(), "adapters.md")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		judge := &judge{TB: t}
		adaptertest.CheckMatrix(judge, harness, path)
		if judge.failed == test.ok {
			t.Errorf("%s: failed is %t", name, judge.failed)
		}
	}
}

// A judge is a test that may fail.
type judge struct {
	testing.TB
	failed bool
}

func (j *judge) Errorf(string, ...any) { j.failed = true }

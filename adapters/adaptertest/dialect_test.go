package adaptertest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/adapters/adaptertest"
)

func TestDocumentsWhatDialectsLack(t *testing.T) {
	adaptertest.CheckDialects(t, "../../docs/adapters.md")
}

func TestComparesTheSectionOfDialectsExactly(t *testing.T) {
	section := adaptertest.Dialects()
	for name, test := range map[string]struct {
		text string
		ok   bool
	}{
		"as it is":         {"# Adapters\n\n" + section + "\n### go-redis\n", true},
		"not there":        {"# Adapters\n", false},
		"a row too few":    {strings.Replace(section, "| Redis 6 |", "Redis 6", 1), false},
		"another reason":   {strings.Replace(section, "Redis 6 has no sharded Pub/Sub", "it failed", 1), false},
		"with one row too": {section + "| Redis 7 | login | all | it failed |\n", false},
	} {
		path := filepath.Join(t.TempDir(), "adapters.md")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		judge := &judge{TB: t}
		adaptertest.CheckDialects(judge, path)
		if judge.failed == test.ok {
			t.Errorf("%s: failed is %t", name, judge.failed)
		}
	}
}

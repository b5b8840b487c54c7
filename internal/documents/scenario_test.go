package documents_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/adapters/adaptertest"
)

// The last column of the tables in docs/guarantees.md names scenarios of the conformance suite in quotation marks.
func TestGuaranteesNameScenariosThatExist(t *testing.T) {
	suite := adaptertest.Matrix(adaptertest.Harness{Protocols: []int{2, 3}}) + adaptertest.ClusterMatrix(adaptertest.ClusterHarness{Protocols: []int{2, 3}})
	named := 0
	for line := range strings.Lines(read(t, "../../docs/guarantees.md")) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) < 2 {
			continue
		}
		for _, match := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(cells[len(cells)-1], -1) {
			named++
			if !strings.Contains(suite, "| "+match[1]+" |") {
				t.Errorf("no scenario is called %q", match[1])
			}
		}
	}
	if named == 0 {
		t.Error("no scenario is named")
	}
}

package documents_test

import (
	"testing"

	"github.com/entraredis/entraredis/internal/documents"
	"github.com/google/go-cmp/cmp"
)

func TestColumn(t *testing.T) {
	const doc = "# Page\n\n| a | b |\n|---|---|\n| wrong | table |\n\n## Right\n\nText.\n\n| way | works | why |\n|---|---|---|\n" +
		"| `x` of a y | yes | |\n| z | no | because |\n\n| way | works |\n|---|---|\n| z | second table |\n\n## Next\n\n| way | cost |\n|---|---|\n| z | 1 |\n"
	for column, want := range map[string]map[string]string{"works": {"`x` of a y": "yes", "z": "no"}, "cost": {}} {
		if diff := cmp.Diff(want, documents.Column(doc, "## Right", column)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", column, diff)
		}
	}
}

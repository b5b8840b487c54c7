package rawclients_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/internal/rawclients"
)

// The promise that the client reads the same bytes has a closed list of limits: the table in
// docs/guarantees.md, and what explains a difference here. They are one list.
func TestLimitsAreThoseOfTheGuarantees(t *testing.T) {
	document, err := os.ReadFile("../../docs/guarantees.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(document), "\n### Where bytes may differ\n")
	if !found {
		t.Fatal("docs/guarantees.md has no section about where bytes may differ")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var documented, explained []string
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.HasPrefix(cells[1], "-") || strings.TrimSpace(cells[1]) == "limit" {
			continue
		}
		documented = append(documented, strings.TrimSpace(cells[1]))
	}
	for _, limit := range rawclients.Limits() {
		explained = append(explained, limit.Name)
	}
	if diff := cmp.Diff(documented, explained); diff != "" {
		t.Errorf("limits (-docs/guarantees.md +what explains a difference):\n%s", diff)
	}
}

// A command is excluded or blurred once, and for a reason.
func TestExclusionsHaveReasons(t *testing.T) {
	seen := map[string]bool{}
	check := func(name, reason string) {
		if reason == "" || seen[name] || name != strings.ToUpper(name) {
			t.Errorf("%s: %q, seen before: %v", name, reason, seen[name])
		}
		seen[name] = true
	}
	for _, e := range rawclients.Excluded() {
		check(e.Name, e.Reason)
	}
	for _, b := range rawclients.Blurred() {
		check(b.Name, b.Reason)
		if b.Form == rawclients.Bytes {
			t.Errorf("%s is compared byte for byte", b.Name)
		}
	}
}

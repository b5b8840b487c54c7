package adaptertest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Matrix returns a Markdown section: the table of what the suite runs with h, and why it does not run the rest.
func Matrix(h Harness) string {
	var table, notes strings.Builder
	fmt.Fprintf(&table, "### %s\n\n| scenario |", h.Library)
	rule := "|---|"
	for _, protocol := range h.Protocols {
		fmt.Fprintf(&table, " RESP%d |", protocol)
		rule += "---|"
	}
	fmt.Fprintf(&table, "\n%s\n", rule)
	for _, s := range scenarios() {
		fmt.Fprintf(&table, "| %s |", s.name)
		for _, protocol := range h.Protocols {
			reason := s.skip(h, protocol)
			if reason == "" {
				table.WriteString(" yes |")
				continue
			}
			table.WriteString(" no |")
			fmt.Fprintf(&notes, "- %s, RESP%d: %s\n", s.name, protocol, reason)
		}
		table.WriteString("\n")
	}
	if notes.Len() > 0 {
		table.WriteString("\nNot run:\n\n" + notes.String())
	}
	return table.String()
}

// CheckMatrix fails the test unless the Markdown file at path has one section headed by the library, of level 3,
// that is Matrix(h) and nothing else.
func CheckMatrix(t testing.TB, h Harness, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, heading := Matrix(h), "### "+h.Library+"\n"
	sections := strings.Split("\n"+string(text), "\n"+heading)
	if len(sections) != 2 {
		t.Errorf("%s has %d sections for %s, want one:\n\n%s", path, len(sections)-1, h.Library, want)
		return
	}
	body, _, _ := strings.Cut(sections[1], "\n#")
	if got := heading + strings.TrimRight(body, "\n") + "\n"; got != want {
		t.Errorf("%s says of %s:\n\n%s\nThe suite runs:\n\n%s", path, h.Library, got, want)
	}
}

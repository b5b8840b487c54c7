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

// CheckMatrix fails the test unless the file at path holds Matrix(h).
func CheckMatrix(t *testing.T, h Harness, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if table := Matrix(h); !strings.Contains(string(text), table) {
		t.Errorf("%s does not hold what the suite runs with %s:\n\n%s", path, h.Library, table)
	}
}

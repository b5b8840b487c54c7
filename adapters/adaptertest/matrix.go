package adaptertest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/core/entratest"
)

// Matrix returns a Markdown section: the table of what the suite runs with h against Redis 7, and why it does not run the
// rest.
func Matrix(h Harness) string {
	var rows []row
	for _, s := range scenarios() {
		rows = append(rows, row{s.name, func(protocol int) string { return s.skip(h, protocol, entratest.Redis7()) }})
	}
	return matrix(h.Library, h.Protocols, rows)
}

// A row is a scenario, and why it is not run with a protocol, or "".
type row struct {
	name string
	skip func(protocol int) string
}

func matrix(library string, protocols []int, rows []row) string {
	var table, notes strings.Builder
	fmt.Fprintf(&table, "### %s\n\n| scenario |", library)
	rule := "|---|"
	for _, protocol := range protocols {
		fmt.Fprintf(&table, " RESP%d |", protocol)
		rule += "---|"
	}
	fmt.Fprintf(&table, "\n%s\n", rule)
	for _, s := range rows {
		fmt.Fprintf(&table, "| %s |", s.name)
		for _, protocol := range protocols {
			reason := s.skip(protocol)
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
	checkSection(t, h.Library, Matrix(h), path)
}

func checkSection(t testing.TB, library, want, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	heading := "### " + library + "\n"
	sections := strings.Split("\n"+string(text), "\n"+heading)
	if len(sections) != 2 {
		t.Errorf("%s has %d sections for %s, want one:\n\n%s", path, len(sections)-1, library, want)
		return
	}
	body, _, _ := strings.Cut(sections[1], "\n#")
	if got := heading + strings.TrimRight(body, "\n") + "\n"; got != want {
		t.Errorf("%s says of %s:\n\n%s\nThe suite runs:\n\n%s", path, library, got, want)
	}
}

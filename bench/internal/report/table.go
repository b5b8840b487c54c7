package report

import "strings"

// A Table is a Markdown table. Its first column is text, the others are numbers.
type Table struct {
	Head []string
	Rows [][]string
}

// String returns the table, with a newline at the end.
func (t Table) String() string {
	var b strings.Builder
	row := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	row(t.Head)
	rule := make([]string, len(t.Head))
	for i := range rule {
		rule[i] = "---:"
	}
	rule[0] = "---"
	row(rule)
	for _, cells := range t.Rows {
		row(cells)
	}
	return b.String()
}

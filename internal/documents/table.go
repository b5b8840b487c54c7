package documents

import (
	"slices"
	"strings"
)

// Column returns the cells of a column of the first table below a heading, by the first cell of their row. It is empty if
// there is no such column.
func Column(markdown, heading, column string) map[string]string {
	_, section, _ := strings.Cut("\n"+markdown, "\n"+heading+"\n")
	cells := map[string]string{}
	at := -1
	for line := range strings.Lines(section) {
		row := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		switch {
		case !strings.HasPrefix(line, "|") && (at >= 0 || strings.HasPrefix(line, "#")):
			return cells
		case at < 0:
			at = slices.Index(row, column)
		case at < len(row) && strings.Trim(row[0], "-") != "":
			cells[row[0]] = row[at]
		}
	}
	return cells
}

package documents_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A table of a document: its cells by the row's first cell and the column's header.
type table map[string]map[string]string

func readTables(markdown string) []table {
	var tables []table
	var headers []string
	for line := range strings.Lines(markdown) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			headers = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case headers == nil:
			headers = cells
			tables = append(tables, table{})
		case strings.HasPrefix(cells[0], "---"):
		default:
			row := map[string]string{}
			for i, cell := range cells[1:] {
				if i+1 < len(headers) {
					row[headers[i+1]] = cell
				}
			}
			tables[len(tables)-1][cells[0]] = row
		}
	}
	return tables
}

// quotes reports whether t has rows and columns of another table only, whatever their cells.
func (t table) quotes(from table) bool {
	for way, row := range t {
		source, isThere := from[way]
		if !isThere {
			return false
		}
		for header := range row {
			if _, isThere := source[header]; !isThere {
				return false
			}
		}
	}
	return len(t) > 0
}

// isIn reports whether the cells of t are those of another table.
func (t table) isIn(from table) bool {
	for way, row := range t {
		for header, cell := range row {
			if from[way][header] != cell {
				return false
			}
		}
	}
	return true
}

// Tables that quote docs/benchmarks.md, which a command writes, have its numbers.
func TestQuotedNumbersAreThoseOfTheBenchmarks(t *testing.T) {
	measured := readTables(read(t, filepath.Join(root, "docs/benchmarks.md")))
	quoted := 0
	for _, doc := range []string{"README.md", "docs/comparison.md"} {
		for _, quote := range readTables(read(t, filepath.Join(root, doc))) {
			sources := slices.Clone(measured)
			sources = slices.DeleteFunc(sources, func(source table) bool { return !quote.quotes(source) })
			if len(sources) == 0 {
				continue
			}
			quoted++
			if !slices.ContainsFunc(sources, quote.isIn) {
				t.Errorf("%s: docs/benchmarks.md has other numbers for %q: copy them from there", doc, slices.Sorted(maps.Keys(quote)))
			}
		}
	}
	if quoted < 3 {
		t.Errorf("found %d tables that quote the benchmarks, want those of README and of the comparison's rotation and outage", quoted)
	}
}

// Package report writes what was measured: results as JSON, and docs/benchmarks.md with its charts, which is made from
// the results alone.
package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Section is what the page says about one comparison.
type Section struct {
	Title  string
	Body   string // Markdown below the heading; charts are linked as benchmarks/NAME.svg
	Charts []Chart
}

// A Chart is a picture.
type Chart struct {
	Name string // of the file, without its ending
	SVG  []byte
}

// A Folder is where the page and its charts are kept: docs.
type Folder string

// Page writes docs/benchmarks.md and its charts. intro stands below the title.
func (f Folder) Page(title, intro string, sections []Section) error {
	if err := write(string(f), "benchmarks.md", []byte(Markdown(title, intro, sections))); err != nil {
		return err
	}
	for _, s := range sections {
		for _, c := range s.Charts {
			if err := write(string(f), "benchmarks/"+c.Name+".svg", c.SVG); err != nil {
				return err
			}
		}
	}
	return nil
}

// Markdown returns the page.
func Markdown(title, intro string, sections []Section) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", title, strings.TrimSpace(intro))
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", s.Title, strings.TrimSpace(s.Body))
	}
	return b.String()
}

func write(folder, name string, text []byte) error {
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

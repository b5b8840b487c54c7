// Package report writes what was measured: results as JSON, and docs/benchmarks.md with its charts, which is made from
// the results alone.
package report

import (
	"encoding/json"
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

// A Folder is where results, charts and the page are kept: docs.
type Folder string

// Save keeps the result of a comparison.
func (f Folder) Save(name string, result any) error {
	text, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return err
	}
	return f.write("benchmarks/"+name+".json", append(text, '\n'))
}

// Load reads the result of a comparison that was measured before.
func (f Folder) Load(name string, result any) error {
	text, err := os.ReadFile(filepath.Join(string(f), "benchmarks", name+".json"))
	if err != nil {
		return fmt.Errorf("%s has not been measured yet, run make bench: %w", name, err)
	}
	return json.Unmarshal(text, result)
}

// Page writes docs/benchmarks.md and its charts. intro stands below the title.
func (f Folder) Page(title, intro string, sections []Section) error {
	if err := f.write("benchmarks.md", []byte(Markdown(title, intro, sections))); err != nil {
		return err
	}
	for _, s := range sections {
		for _, c := range s.Charts {
			if err := f.write("benchmarks/"+c.Name+".svg", c.SVG); err != nil {
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

func (f Folder) write(name string, text []byte) error {
	path := filepath.Join(string(f), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

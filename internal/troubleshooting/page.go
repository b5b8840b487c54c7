package troubleshooting

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

//go:embed page.tmpl
var pageTemplate string

// contentsMark is where the table of contents goes, which is known when the page is written.
const contentsMark = "\x00contents\n"

// Page returns the page that a golden file makes.
func Page(golden string) (string, error) {
	all, err := parse(golden)
	if err != nil {
		return "", err
	}
	w := writer{unused: map[string]misconfiguration{}}
	for _, m := range all {
		w.unused[m.name] = m
	}
	parsed, err := template.New("page.tmpl").Funcs(template.FuncMap{
		"contents": func() string { return contentsMark },
		"entry":    w.entry,
	}).Parse(pageTemplate)
	if err != nil {
		return "", err
	}
	var page strings.Builder
	if err := parsed.Execute(&page, nil); err != nil {
		return "", err
	}
	if len(w.unused) > 0 {
		return "", fmt.Errorf("no entry for %q", slices.Sorted(maps.Keys(w.unused)))
	}
	return strings.Replace(page.String(), contentsMark, w.contents.String(), 1), nil
}

// A writer writes the entries of one page.
type writer struct {
	unused   map[string]misconfiguration // those that have no entry yet
	contents strings.Builder
}

// entry returns the head of an entry: the part of the text by which a reader finds it, and what is
// shown for some misconfigurations.
func (w *writer) entry(text string, names ...string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n", text)
	for _, name := range names {
		m, found := w.unused[name]
		switch {
		case !found:
			return "", fmt.Errorf("the golden file has no %q, or another entry has it too", name)
		case !m.says(text):
			return "", fmt.Errorf("no caller gets %q for %q", text, name)
		}
		delete(w.unused, name)
		if len(names) > 1 {
			fmt.Fprintf(&b, "\n%s:\n", name)
		}
		fmt.Fprintf(&b, "\n```text\n%s\n```\n", strings.Join(m.lines(), "\n"))
	}
	fmt.Fprintf(&w.contents, "| [%s](#%s) | %s |\n", text, anchor(text), strings.Join(names, "; "))
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// anchor returns the fragment by which GitHub names a heading.
func anchor(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
			b.WriteRune(r)
		}
	}
	return b.String()
}

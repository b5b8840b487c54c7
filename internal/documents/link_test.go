package documents_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/documents"
)

const root = "../.."

// home is where the repository's files are on the web. Pages that are read elsewhere link to them with it.
const home = "https://github.com/entraredis/entraredis/"

// all returns the paths of all documents of the repository.
func all(t *testing.T) []string {
	t.Helper()
	found := files(t, ".md")
	if len(found) < 10 {
		t.Fatalf("found only %v", found)
	}
	return found
}

// files returns the paths of the repository's files with one of these extensions.
func files(t *testing.T, extensions ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "testdata", "node_modules"}, entry.Name()):
			return filepath.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, filepath.Ext(path)):
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every link inside the repository leads to a file, and to a heading if it names one.
func TestLinksLeadSomewhere(t *testing.T) {
	followed := 0
	goals := follower{}
	for _, doc := range all(t) {
		for _, link := range documents.Links(read(t, doc)) {
			target := strings.TrimPrefix(strings.TrimPrefix(link.Target, home+"blob/main/"), home+"tree/main/")
			folder := filepath.Dir(doc)
			if target != link.Target {
				folder = root
			}
			if strings.Contains(target, ":") { // another site, or mail
				continue
			}
			followed++
			if problem := goals.follow(t, doc, folder, target); problem != "" {
				t.Errorf("%s:%d links to %s: %s", strings.TrimPrefix(doc, root+"/"), link.Line, link.Target, problem)
			}
		}
	}
	if followed < 50 {
		t.Errorf("followed only %d links", followed)
	}
}

// A follower knows the anchors of each document that a link led to.
type follower map[string]map[string]bool

// follow returns what is wrong with a link to target in doc, whose path is relative to folder.
func (f follower) follow(t *testing.T, doc, folder, target string) (problem string) {
	path, anchor, hasAnchor := strings.Cut(target, "#")
	file := doc
	if path != "" {
		file = filepath.Join(folder, path)
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "there is no such file"
	case !hasAnchor:
		return ""
	case info.IsDir() || !strings.HasSuffix(file, ".md"):
		return "only a document has headings"
	}
	if f[file] == nil {
		f[file] = documents.Anchors(read(t, file))
	}
	if !f[file][anchor] {
		return "the document has no such heading"
	}
	return ""
}

// Comments, texts of errors, alerts and dashboards name documents as well, by their path, with or without a heading.
func TestNamedDocumentsAreThere(t *testing.T) {
	name := regexp.MustCompile(`^docs/[\w-]+\.md(?:#[\w-]+)?`)
	elsewhere := regexp.MustCompile(`[\w/.-]$`) // part of another path, unless it is home's
	ours := regexp.MustCompile(regexp.QuoteMeta(home) + `(?:blob|tree)/main/$`)
	found := 0
	goals := follower{}
	for _, file := range files(t, ".go", ".md", ".json", ".yaml", ".yml", ".bicep", ".sh") {
		text := read(t, file)
		for at := strings.Index(text, "docs/"); at >= 0; at = next(text, "docs/", at) {
			before, path := text[max(0, at-len(home)-20):at], name.FindString(text[at:])
			if path == "" || elsewhere.MatchString(before) && !ours.MatchString(before) {
				continue
			}
			if strings.HasSuffix(before, "](") { // a link, followed above
				continue
			}
			found++
			if problem := goals.follow(t, file, root, path); problem != "" {
				line := 1 + strings.Count(text[:at], "\n")
				t.Errorf("%s:%d names %s: %s", strings.TrimPrefix(file, root+"/"), line, path, problem)
			}
		}
	}
	if found < 50 {
		t.Errorf("found only %d names", found)
	}
}

// next returns where part is in text after a place, -1 if it is not.
func next(text, part string, place int) int {
	at := strings.Index(text[place+1:], part)
	if at < 0 {
		return -1
	}
	return place + 1 + at
}

func TestLinksOfADocument(t *testing.T) {
	const text = "See [one](a.md) and [`two`](b.md#x \"title\"), ![picture](c.svg).\n" +
		"<img src=\"d.svg\"> `[no](code.md)`\n" +
		"```go\n// [no](fenced.md)\n```\n" +
		"\n    [no](indented.md)\n" +
		"[ref]: e.md\n"
	var got []string
	for _, link := range documents.Links(text) {
		got = append(got, link.Target)
	}
	if want := []string{"a.md", "b.md#x", "c.svg", "d.svg", "e.md"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if line := documents.Links("\n\n[x](y)")[0].Line; line != 3 {
		t.Errorf("line %d, want 3", line)
	}
}

func TestAnchorsOfADocument(t *testing.T) {
	const text = "# What `az` says: *now*, [here](x.md)\n## Twice\n## Twice\n```sh\n# no heading\n```\n<a id=\"own\"></a>\n### snake_case & more ###\n"
	want := []string{"own", "snake_case--more", "twice", "twice-1", "what-az-says-now-here"}
	var got []string
	for name := range documents.Anchors(text) {
		got = append(got, name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

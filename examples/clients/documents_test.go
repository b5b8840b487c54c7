package clients_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The documents show the files of this package whole.
func TestDocumentsShowTheseFiles(t *testing.T) {
	const opening, closing, head = "```golang\n", "```\n", "package clients\n\n"
	var documents strings.Builder
	for _, name := range []string{"clients.md", "libraries.md", "tokens.md"} {
		text, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil {
			t.Fatal(err)
		}
		documents.Write(text)
	}
	shown := map[string]bool{}
	for _, block := range strings.Split(documents.String(), opening)[1:] {
		code, _, _ := strings.Cut(block, closing)
		shown[code] = true
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name == "doc.go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code := strings.TrimPrefix(string(text), head)
		if !shown[code] {
			t.Errorf("no document shows %s as it is: put it between %q and %q, without its package clause", name, strings.TrimSpace(opening), strings.TrimSpace(closing))
		}
		delete(shown, code)
	}
	for code := range shown {
		t.Errorf("a document shows what is in no file here:\n%s", code)
	}
}

package texts_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/internal/texts"
)

var update = flag.Bool("update", false, "write testdata/texts.golden")

// sections are the folders whose texts stand together, so that a text that moves within one changes nothing.
func sections() []string {
	return []string{"core/entra", "core/entraconn", "adapters/entragoredis", "adapters/entrarueidis", "adapters/entraredigo", "adapters/internal"}
}

// forTests are folders of which no user sees a text.
func forTests() []string {
	return []string{"core/entraconn/internal/modelserver"}
}

func TestTextsAreTheGoldenOnes(t *testing.T) {
	var got strings.Builder
	for _, folder := range sections() {
		all := gather(t, folder)
		if len(all) == 0 {
			t.Fatalf("found no text in %s", folder)
		}
		fmt.Fprintf(&got, "== %s\n", folder)
		for _, text := range all {
			fmt.Fprintf(&got, "%s: %s\n", text.Use, escape(text.Text))
		}
	}
	golden := filepath.Join("testdata", "texts.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("other texts than in %s; if they are meant, run go test ./internal/texts -update\n%s", golden, diff)
	}
}

// gather returns the texts of the production code in a folder and below.
func gather(t *testing.T, folder string) (all []texts.Text) {
	t.Helper()
	root := os.DirFS(filepath.Join("..", ".."))
	err := fs.WalkDir(root, folder, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || slices.Contains(forTests(), name)):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		found, err := texts.Gather(name, src)
		all = append(all, found...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts.Sorted(all)
}

// escape keeps a text on its line.
func escape(text string) string {
	return strings.NewReplacer("\\", "\\\\", "\r", "\\r", "\n", "\\n", "\t", "\\t").Replace(text)
}

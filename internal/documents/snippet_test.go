package documents_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/documents"
)

func TestEverySnippetCompiles(t *testing.T) {
	var blocks []documents.Block
	for _, doc := range all(t) {
		blocks = append(blocks, snippets(strings.TrimPrefix(doc, root+"/"), read(t, doc))...)
	}
	if len(blocks) == 0 {
		t.Fatal("found no snippet")
	}
	if out, err := compile(t, blocks); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// snippets returns the Go code of a document.
func snippets(doc, markdown string) []documents.Block {
	return slices.DeleteFunc(documents.Extract(doc, markdown), func(b documents.Block) bool { return b.Language != "go" })
}

func TestSnippetErrorsNameTheDocument(t *testing.T) {
	const doc = "Text.\n\n```go\nimport \"time\"\n\nvar nap time.Duration = \"long\"\n_ = nap\n```\n"
	out, err := compile(t, snippets("doc.md", doc))
	if err == nil || !strings.Contains(out, "doc.md:6") {
		t.Errorf("got %v and %q, want a failure at doc.md:6", err, out)
	}
}

func TestSnippetShapes(t *testing.T) {
	tests := map[string]string{
		"statements":             "x := 1\n_ = x\nreturn ctx.Err()",
		"imports and statements": "import \"errors\"\n\n// Why.\nreturn errors.New(\"x\")",
		"import group":           "import (\n\t\"errors\"\n\n\t\"io\"\n)\n\nreturn errors.Join(io.EOF)",
		"declarations":           "import \"time\"\n\nfunc nap() time.Duration { return 1 }\n\ntype t int",
		"function call":          "func() {}()",
		"imports context":        "import \"context\"\n\nfunc ended(ctx context.Context) error { return ctx.Err() }",
		"whole file":             "// Command x does nothing.\npackage main\n\nfunc main() {}",
	}
	var blocks []documents.Block
	for name, code := range tests {
		doc := "```text\n```go is no opening here\n```\n```go\n" + code + "\n```\n"
		found := snippets(name, doc)
		if len(found) != 1 || strings.TrimSpace(found[0].Code) != code {
			t.Errorf("%s: extracted %+v", name, found)
		}
		blocks = append(blocks, found...)
	}
	if out, err := compile(t, blocks); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// raced reports whether this test was built with the race detector. Then so are the snippets: what they import has been
// compiled like that already.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// compile type-checks each block as a package of this module.
func compile(t *testing.T, blocks []documents.Block) (output string, err error) {
	t.Helper()
	folders, overlay := lay(t, packages(blocks))
	return build(t, os.DevNull, overlay, folders)
}

// build runs go build on packages that lie over the tree.
func build(t *testing.T, output, overlay string, folders []string) (printed string, err error) {
	t.Helper()
	args := append([]string{"build", "-race=" + strconv.FormatBool(raced()), "-ldflags=-w", "-o", output, "-overlay", overlay}, folders...)
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	return string(out), err
}

// packages makes each block a package: its files by their names.
func packages(blocks []documents.Block) []map[string]string {
	var all []map[string]string
	for _, block := range blocks {
		all = append(all, map[string]string{"snippet.go": block.File()})
	}
	return all
}

// lay makes packages part of this module, and returns their paths. The files are laid over the tree, not into it.
func lay(t *testing.T, packages []map[string]string) (folders []string, overlay string) {
	t.Helper()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	files := struct{ Replace map[string]string }{map[string]string{}}
	temp := t.TempDir()
	for i, sources := range packages {
		folder := fmt.Sprintf("block%d", i)
		for name, text := range sources {
			real := filepath.Join(temp, folder+name)
			if err := os.WriteFile(real, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			files.Replace[filepath.Join(here, folder, name)] = real
		}
		folders = append(folders, "./"+folder)
	}
	encoded, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	overlay = filepath.Join(temp, "overlay.json")
	if err := os.WriteFile(overlay, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	return folders, overlay
}

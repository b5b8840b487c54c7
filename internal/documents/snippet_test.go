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
		blocks = append(blocks, documents.Extract(filepath.Base(doc), read(t, doc))...)
	}
	if len(blocks) == 0 {
		t.Fatal("found no snippet")
	}
	if out, err := compile(t, blocks); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSnippetErrorsNameTheDocument(t *testing.T) {
	const doc = "Text.\n\n```go\nimport \"time\"\n\nvar nap time.Duration = \"long\"\n_ = nap\n```\n"
	out, err := compile(t, documents.Extract("doc.md", doc))
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
		found := documents.Extract(name, doc)
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

// compile type-checks each block as a package of this module. The files are laid over the tree, not into it.
func compile(t *testing.T, blocks []documents.Block) (output string, err error) {
	t.Helper()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	var folders []string
	temp := t.TempDir()
	for i, block := range blocks {
		real := filepath.Join(temp, fmt.Sprintf("block%d.go", i))
		if err := os.WriteFile(real, []byte(block.File()), 0o600); err != nil {
			t.Fatal(err)
		}
		folder := fmt.Sprintf("block%d", i)
		overlay.Replace[filepath.Join(here, folder, "snippet.go")] = real
		folders = append(folders, "./"+folder)
	}
	encoded, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(temp, "overlay.json")
	if err := os.WriteFile(list, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"build", "-race=" + strconv.FormatBool(raced()), "-o", os.DevNull, "-overlay", list}, folders...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

package main

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The clients of newest.mod are in the module cache, or come there.
func TestPatchesFitTheClientsOfThisModule(t *testing.T) {
	fitted := 0
	for _, c := range clients() {
		out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-modfile=../../newest.mod", "-json", c.module).Output()
		if err != nil {
			continue // this module does not require it
		}
		var module struct{ Dir string }
		if err := json.Unmarshal(out, &module); err != nil {
			t.Fatal(err)
		}
		fitted++
		fits := 0
		for _, p := range c.patches {
			src, err := os.ReadFile(filepath.Join(module.Dir, filepath.FromSlash(p.file)))
			if err != nil {
				t.Errorf("%s: %v", c.module, err)
				continue
			}
			patched, err := p.apply(string(src), c.module)
			if err != nil {
				continue
			}
			fits++
			if _, err := parser.ParseFile(token.NewFileSet(), p.file, patched, parser.SkipObjectResolution); err != nil {
				t.Errorf("%s: %v", c.module, err)
			}
		}
		if fits != 1 {
			t.Errorf("%d patches fit %s, want 1", fits, c.module)
		}
	}
	if fitted < 4 {
		t.Errorf("this module requires %d of the clients, want 4 or more: nothing was tested", fitted)
	}
}

func TestPatchChangesOnePlace(t *testing.T) {
	p := patch{"a.go", "dial(addr)", "tokendial.Dial(addr)"}
	const src = "// Package a is one.\npackage a\n\nimport \"net\"\n\nvar c = dial(addr)\n"
	got, err := p.apply(src, "example.com/a")
	want := "// Package a is one.\npackage a\n\nimport \"example.com/a/tokendial\"\n\n\nimport \"net\"\n\nvar c = tokendial.Dial(addr)\n"
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, -want +got:\n%s", err, diff)
	}
	for _, other := range []string{"package a\n", src + "var d = dial(addr)\n", "dial(addr)"} {
		if got, err := p.apply(other, "example.com/a"); err == nil {
			t.Errorf("%q became %q, want an error", other, got)
		}
	}
}

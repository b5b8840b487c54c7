package documents_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/documents"
)

// A reader pastes the tests of docs/testing.md into a file of a package and runs them, and so does this test. The files
// are laid over the tree, not into it, so they are compiled without vet and run from here.
func TestTestsOfThePageAboutTestingPass(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	list := filepath.Join(temp, "overlay.json")
	args := []string{"test", "-c", "-vet=off", "-race=" + strconv.FormatBool(raced()), "-o", temp, "-overlay", list}
	tests := map[string]string{} // by the name of the program that runs it
	for i, block := range documents.Extract("testing.md", read(t, "../../docs/testing.md")) {
		_, after, isTest := strings.Cut(block.Code, "\nfunc Test")
		if !isTest {
			continue
		}
		name, _, _ := strings.Cut(after, "(")
		folder := fmt.Sprintf("page%d", i)
		tests[folder+".test"] = "Test" + name
		file := filepath.Join(temp, folder+".go")
		if err := os.WriteFile(file, []byte(block.File()), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(here, folder, "page_test.go")] = file
		args = append(args, "./"+folder)
	}
	if len(tests) < 2 {
		t.Fatalf("the page has only the tests %v", tests)
	}
	encoded, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for program, name := range tests {
		out, err := exec.CommandContext(t.Context(), filepath.Join(temp, program), "-test.v").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: "+name+" (") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

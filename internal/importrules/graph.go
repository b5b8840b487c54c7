package importrules

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Module is the path of the module whose rules these are.
const Module = "github.com/entraredis/entraredis"

// A Package is what the rules need of a line of go list. Its field names are those of go list -json.
type Package struct {
	ImportPath string
	Dir        string
	Standard   bool     // part of the standard library
	Imports    []string // of the files that are no tests
}

// A Graph maps import paths to packages: those of the module and all that they depend on without their tests.
type Graph map[string]Package

// Load runs go list in dir, which is inside the module.
func Load(dir string) (Graph, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,Standard,Imports", Module+"/...")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("go list: %w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	graph := Graph{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p Package
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return graph, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		graph[p.ImportPath] = p
	}
}

// deps returns everything that the package at path is built from, without itself.
func (g Graph) deps(path string) map[string]bool {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(p string) {
		for _, imported := range g[p].Imports {
			if !seen[imported] {
				seen[imported] = true
				visit(imported)
			}
		}
	}
	visit(path)
	return seen
}

// in reports whether the import path is root or below it.
func in(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

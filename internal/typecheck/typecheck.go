// Package typecheck parses and type-checks the packages of this module without their tests, for rules that must know
// what a name stands for. It needs no module beyond the standard library: the go command compiles what a package
// imports, or finds it in its cache, and the type checker reads the export data.
package typecheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Package is one package of the module, without its tests. Packages of one Load share a file set.
type Package struct {
	ImportPath string
	Fset       *token.FileSet
	Files      []*ast.File // with comments
	Types      *types.Package
	Info       *types.Info
}

// listed is what is needed of a line of go list. Its field names are those of go list -json.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

// Load runs go list in dir, which is inside the module, and returns the packages that the patterns match.
func Load(dir string, patterns ...string) ([]*Package, error) {
	args := append([]string{"list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles,DepOnly"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("go list: %w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	var matched []listed
	exports := map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			matched = append(matched, p)
		}
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("go list has no export data of %s", path)
		}
		return os.Open(exports[path])
	})
	var packages []*Package
	for _, p := range matched {
		var files []*ast.File
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			files = append(files, file)
		}
		if len(files) == 0 {
			continue // a folder of tests
		}
		checked, err := check(fset, p.ImportPath, files, imports)
		if err != nil {
			return nil, err
		}
		packages = append(packages, checked)
	}
	return packages, nil
}

// Source type-checks one file of a package of that path, which may import the standard library.
func Source(path, src string) (*Package, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path+".go", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return check(fset, path, []*ast.File{file}, importer.ForCompiler(fset, "gc", nil))
}

func check(fset *token.FileSet, path string, files []*ast.File, imports types.Importer) (*Package, error) {
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	conf := types.Config{Importer: imports}
	checked, err := conf.Check(path, fset, files, info)
	if err != nil {
		return nil, err
	}
	return &Package{ImportPath: path, Fset: fset, Files: files, Types: checked, Info: info}, nil
}

// Position returns where the node stands: the name of the file without its folder, and the line.
func (p *Package) Position(node ast.Node) string {
	at := p.Fset.Position(node.Pos())
	return fmt.Sprintf("%s:%d", filepath.Base(at.Filename), at.Line)
}

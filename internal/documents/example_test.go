package documents_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What a program calls to begin with, and each error that it gets, has an Example. It runs, which takes an output, unless
// it is of a function that only hands something over.
func TestVerbsAndErrorsHaveExamples(t *testing.T) {
	mustRun := regexp.MustCompile(`^(Configure|Dial|NewSource)|Error$`)
	seen := 0
	for _, folder := range []string{"core/entra", "core/entraconn", "adapters/entragoredis", "adapters/entrarueidis", "adapters/entraredigo"} {
		names, err := filepath.Glob(filepath.Join("../..", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range names {
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		described, err := doc.NewFromFiles(fset, files, folder)
		if err != nil {
			t.Fatal(err)
		}
		check := func(name string, examples []*doc.Example) {
			seen++
			hasOutput := func(example *doc.Example) bool { return example.Output != "" || example.EmptyOutput }
			switch mustRun := mustRun.MatchString(name); {
			case len(examples) == 0:
				t.Errorf("%s.%s has no Example", filepath.Base(folder), name)
			case mustRun && !slices.ContainsFunc(examples, hasOutput):
				t.Errorf("%s.%s has no Example with an output", filepath.Base(folder), name)
			}
		}
		for _, verb := range described.Funcs {
			check(verb.Name, verb.Examples)
		}
		for _, typ := range described.Types {
			if strings.HasSuffix(typ.Name, "Error") {
				check(typ.Name, typ.Examples)
			}
			var ofType []*doc.Example // which begin with the constructor
			for _, method := range typ.Methods {
				ofType = append(ofType, method.Examples...)
			}
			for _, constructor := range typ.Funcs {
				check(constructor.Name, append(ofType, constructor.Examples...))
			}
		}
	}
	if seen < 10 {
		t.Errorf("found %d verbs and errors", seen)
	}
}

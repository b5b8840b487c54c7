package troubleshooting_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// All that the library tells a caller to do has an entry, so a reader finds one for each text of a failed login.
func TestPageHasEachRemedy(t *testing.T) {
	elsewhere := map[string]string{ // and why no first command gets it
		"unknown": "there is no other Kind",
		"no answer from Microsoft Entra in time; retrying":                                                           "the caller is told before, that the credential has not answered yet",
		"the credential returned nothing usable, and RefreshError.Err says what it did: check it, and Options.Scope": "the credential panicked",
		"the server serves no client at the moment; retrying helps":                                                  "rueidis returns the server's own words",
	}
	page := read(t, pageFile)
	found, met := 0, map[string]bool{}
	for file, functions := range map[string][]string{
		"../../core/entra/remedy.go":                           {"remedyFor", "remedyForUnusable", "remedyForCode", "remedyForTool"},
		"../../core/entra/refresherror.go":                     {"advice"},
		"../../core/entraconn/internal/session/authfailure.go": {"Remedy"},
	} {
		for _, remedy := range texts(t, file, functions) {
			if elsewhere[remedy] != "" {
				met[remedy] = true
				continue
			}
			found++
			if !strings.Contains(page, remedy) {
				t.Errorf("%s: no entry for %q: add it to internal/misconfigurations and to page.tmpl", file, remedy)
			}
		}
	}
	for remedy := range elsewhere {
		if !met[remedy] {
			t.Errorf("nothing returns %q any more: delete the exception", remedy)
		}
	}
	if found < 30 {
		t.Errorf("found only %d remedies", found)
	}
}

// texts returns the texts of more than a word that functions of a file can return.
func texts(t *testing.T, file string, functions []string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	for _, name := range functions {
		missing[name] = true
	}
	var all []string
	for _, decl := range parsed.Decls {
		function, ok := decl.(*ast.FuncDecl)
		if !ok || !missing[function.Name.Name] {
			continue
		}
		delete(missing, function.Name.Name)
		ast.Inspect(function.Body, func(n ast.Node) bool {
			var values []ast.Expr
			switch n := n.(type) {
			case *ast.ReturnStmt:
				values = n.Results
			case *ast.KeyValueExpr:
				values = []ast.Expr{n.Value}
			}
			for _, value := range values {
				if text := joined(value); text != "" {
					all = append(all, text)
				}
			}
			return true
		})
	}
	if len(missing) > 0 {
		t.Fatalf("%s has no functions %v", file, missing)
	}
	return all
}

// joined returns the text of a constant, "" if the expression is something else.
func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return ""
		}
		return text
	case *ast.BinaryExpr:
		return joined(e.X) + joined(e.Y)
	}
	return ""
}

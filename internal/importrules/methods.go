package importrules

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
)

// A Spread is a type whose methods stand in more than one file.
type Spread struct {
	Type  string   // folder and name, like core/entra.Source
	Files []string // sorted, without their folder
}

func (s Spread) String() string {
	return fmt.Sprintf("%s has methods in %s: put them into one file, or a part of its fields and methods into a type of its own",
		s.Type, strings.Join(s.Files, ", "))
}

// SpreadMethods returns the types of these Go files whose methods stand in more than one file. The names are paths below
// the module's root, with slashes. Files that do not parse are left to CheckSource.
func SpreadMethods(files map[string][]byte) []Spread {
	found := map[string]map[string]bool{}
	for name, src := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || len(fn.Recv.List) == 0 {
				continue
			}
			receiver := path.Dir(name)
			if strings.HasSuffix(file.Name.Name, "_test") {
				receiver += " (tests)"
			}
			receiver += "." + receiverName(fn.Recv.List[0].Type)
			if found[receiver] == nil {
				found[receiver] = map[string]bool{}
			}
			found[receiver][path.Base(name)] = true
		}
	}
	var spreads []Spread
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if len(found[name]) > 1 {
			spreads = append(spreads, Spread{name, slices.Sorted(maps.Keys(found[name]))})
		}
	}
	return spreads
}

func receiverName(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.Ident:
		return t.Name
	case *ast.StarExpr:
		return receiverName(t.X)
	case *ast.ParenExpr:
		return receiverName(t.X)
	case *ast.IndexExpr:
		return receiverName(t.X)
	case *ast.IndexListExpr:
		return receiverName(t.X)
	}
	return "?"
}

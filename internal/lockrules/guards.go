package lockrules

import (
	"go/ast"
	"go/types"

	"github.com/entraredis/entraredis/internal/typecheck"
)

// guards says which mutex guards a field. Both are fields of one struct.
type guards map[*types.Var]*types.Var

// mutexNames says how a mutex is called in messages: by its type and its field.
type mutexNames map[*types.Var]string

func guardsOf(p *typecheck.Package) (guards, mutexNames) {
	guarded, names := guards{}, mutexNames{}
	for _, file := range p.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				addStruct(p, spec.Name.Name, s, guarded, names)
			}
			return true
		})
	}
	return guarded, names
}

func addStruct(p *typecheck.Package, typeName string, s *ast.StructType, guarded guards, names mutexNames) {
	var mutex *types.Var
	lastLine := 0
	for _, field := range s.Fields.List {
		first := field.Pos()
		if field.Doc != nil {
			first = field.Doc.Pos()
		}
		if p.Fset.Position(first).Line > lastLine+1 {
			mutex = nil // a blank line
		}
		last := field.End()
		if field.Comment != nil {
			last = field.Comment.End()
		}
		lastLine = p.Fset.Position(last).Line
		idents := field.Names
		if len(idents) == 0 {
			idents = embeddedName(field.Type)
		}
		for _, id := range idents {
			object, ok := p.Info.Defs[id].(*types.Var)
			switch {
			case !ok:
			case isMutex(object.Type()):
				mutex = object
				names[object] = typeName + "." + object.Name()
			case mutex != nil:
				guarded[object] = mutex
			}
		}
	}
}

// embeddedName returns the identifier by which an embedded field is declared.
func embeddedName(t ast.Expr) []*ast.Ident {
	switch t := t.(type) {
	case *ast.Ident:
		return []*ast.Ident{t}
	case *ast.StarExpr:
		return embeddedName(t.X)
	case *ast.SelectorExpr:
		return []*ast.Ident{t.Sel}
	case *ast.IndexExpr:
		return embeddedName(t.X)
	}
	return nil
}

func isMutex(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != "sync" {
		return false
	}
	return named.Obj().Name() == "Mutex" || named.Obj().Name() == "RWMutex"
}

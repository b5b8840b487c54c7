// Package namerules finds names that stand for two different things.
//
// A declared name is that of a constant, a variable, a function or a type of a package, of a field or of a method. It
// stands for two things if two of its declarations, or one and a local variable, a parameter or a result of that name,
// have different types. That is what a reader meets: end is an ending here, a position there, and a moment elsewhere.
//
// A type and the variables of that type, or of pointers to it, are one thing. So are functions with the same parameters
// and results, however those are called. Names of one letter, err, ok and ctx say nothing but their type and are not
// counted; neither are receivers. Packages that are looked at together share their names.
//
// The check looks at core/entraconn and what is below it. A name that must stand for two things gets an exception in
// exceptions_test.go, with its reason. mostShare there bounds how many names have one. An exception that is needed no more
// fails.
package namerules

import (
	"fmt"
	"go/ast"
	"go/types"
	"path"
	"slices"
	"strings"

	"github.com/entraredis/entraredis/internal/typecheck"
)

// A Name is one that stands for two things or more.
type Name struct {
	Name     string
	Meanings []string // what it is, its type, and where one of that type is declared; sorted
}

func (n Name) String() string {
	return n.Name + " stands for several things, so give all but one of them another name:\n\t" + strings.Join(n.Meanings, "\n\t")
}

// Ambiguous returns how many names the packages declare, and those that stand for two things or more, sorted.
func Ambiguous(packages []*typecheck.Package) (declared int, ambiguous []Name) {
	meanings := map[string]map[string]string{} // by name and type
	isDeclared := map[string]bool{}
	for _, p := range packages {
		receivers := receiversOf(p)
		for id, object := range p.Info.Defs {
			if object == nil || plain(id.Name) || receivers[id] {
				continue
			}
			what := kindOf(p, object)
			if what == "" {
				continue
			}
			isDeclared[id.Name] = isDeclared[id.Name] || what != local
			if meanings[id.Name] == nil {
				meanings[id.Name] = map[string]string{}
			}
			t := typeString(object.Type())
			meaning := fmt.Sprintf("%s %s, %s/%s", what, shorten(t), path.Base(p.ImportPath), p.Position(id))
			if before, ok := meanings[id.Name][t]; !ok || meaning < before {
				meanings[id.Name][t] = meaning
			}
		}
	}
	for name, is := range isDeclared {
		if !is {
			continue
		}
		declared++
		if len(meanings[name]) > 1 {
			n := Name{Name: name}
			for _, meaning := range meanings[name] {
				n.Meanings = append(n.Meanings, meaning)
			}
			slices.Sort(n.Meanings)
			ambiguous = append(ambiguous, n)
		}
	}
	slices.SortFunc(ambiguous, func(a, b Name) int { return strings.Compare(a.Name, b.Name) })
	return declared, ambiguous
}

// plain reports whether a name says nothing but its type.
func plain(name string) bool { return len(name) == 1 || name == "err" || name == "ok" || name == "ctx" }

func receiversOf(p *typecheck.Package) map[*ast.Ident]bool {
	receivers := map[*ast.Ident]bool{}
	for _, file := range p.Files {
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv != nil {
				for _, field := range fn.Recv.List {
					for _, id := range field.Names {
						receivers[id] = true
					}
				}
			}
		}
	}
	return receivers
}

// local is the kind of everything that is declared within a function.
const local = "local"

// kindOf returns nothing for what is not counted: labels and imports.
func kindOf(p *typecheck.Package, object types.Object) string {
	switch object := object.(type) {
	case *types.TypeName:
		if object.Parent() == p.Types.Scope() {
			return "type"
		}
		return local
	case *types.Const:
		if object.Parent() == p.Types.Scope() {
			return "constant"
		}
		return local
	case *types.Func:
		if object.Signature().Recv() != nil {
			return "method"
		}
		return "function"
	case *types.Var:
		switch {
		case object.IsField():
			return "field"
		case object.Parent() == p.Types.Scope():
			return "variable"
		}
		return local
	}
	return ""
}

// typeString returns the same for types that are one thing.
func typeString(t types.Type) string {
	if s, ok := t.(*types.Signature); ok {
		t = types.NewSignatureType(nil, nil, nil, nameless(s.Params()), nameless(s.Results()), s.Variadic())
	}
	return strings.TrimLeft(types.TypeString(t, nil), "*")
}

func nameless(tuple *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range tuple.Variables() {
		vars = append(vars, types.NewParam(v.Pos(), v.Pkg(), "", v.Type()))
	}
	return types.NewTuple(vars...)
}

// shorten leaves the last part of each import path.
func shorten(t string) string {
	var b strings.Builder
	for {
		slash := strings.IndexByte(t, '/')
		if slash < 0 {
			return b.String() + t
		}
		start := strings.LastIndexAny(t[:slash], "*[]() ,") + 1
		b.WriteString(t[:start])
		t = t[slash+1:]
	}
}

// Package exportedapi lists what a package exports, a line for each thing on which a user's code can depend. Names of
// parameters are no such thing, but stand inside the types of fields. Its test compares the lines with the files in api.
package exportedapi

import (
	"cmp"
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// Lines lists the exported API of a package, sorted.
func Lines(pkg *types.Package) []string {
	l := &lister{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		if object := pkg.Scope().Lookup(name); object.Exported() {
			l.object(object)
		}
	}
	slices.Sort(l.lines)
	return l.lines
}

type lister struct {
	pkg   *types.Package
	lines []string
}

func (l *lister) add(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

// text is that of a type, as one would write it in the package, with the names of other packages.
func (l *lister) text(t types.Type) string {
	return types.TypeString(t, func(other *types.Package) string {
		if other == l.pkg {
			return ""
		}
		return other.Name()
	})
}

func (l *lister) object(object types.Object) {
	switch object := object.(type) {
	case *types.Const:
		l.add("const %s %s = %s", object.Name(), l.text(object.Type()), object.Val().ExactString())
	case *types.Var:
		l.add("var %s %s", object.Name(), l.text(object.Type()))
	case *types.Func:
		l.add("func %s%s", object.Name(), l.signature(object))
	case *types.TypeName:
		l.typeName(object)
	}
}

// signature is that of a function without its receiver and without names.
func (l *lister) signature(f *types.Func) string {
	s := f.Signature()
	nameless := types.NewSignatureType(nil, nil, nil, withoutNames(s.Params()), withoutNames(s.Results()), s.Variadic())
	text := strings.TrimPrefix(l.text(nameless), "func")
	if s.TypeParams().Len() > 0 {
		return l.parameters(s.TypeParams()) + text
	}
	return text
}

// parameters are those of a generic function or type, with their constraints.
func (l *lister) parameters(list *types.TypeParamList) string {
	var all []string
	for p := range list.TypeParams() {
		all = append(all, p.Obj().Name()+" "+l.text(p.Constraint()))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func withoutNames(tuple *types.Tuple) *types.Tuple {
	var all []*types.Var
	for v := range tuple.Variables() {
		all = append(all, types.NewVar(v.Pos(), v.Pkg(), "", v.Type()))
	}
	return types.NewTuple(all...)
}

func (l *lister) typeName(object *types.TypeName) {
	name := object.Name()
	if object.IsAlias() {
		l.add("type %s = %s", name, l.text(types.Unalias(object.Type())))
		return
	}
	named := object.Type().(*types.Named)
	title := name
	if named.TypeParams().Len() > 0 {
		title += l.parameters(named.TypeParams())
	}
	switch under := named.Underlying().(type) {
	case *types.Struct:
		l.add("type %s struct", title)
		for f := range under.Fields() {
			switch {
			case f.Exported() && f.Embedded():
				l.add("type %s struct, embedded %s", title, l.text(f.Type()))
			case f.Exported():
				l.add("type %s struct, %s %s", title, f.Name(), l.text(f.Type()))
			}
		}
		if !types.Comparable(under) {
			l.add("type %s struct, not comparable", title)
		}
	case *types.Interface:
		l.add("type %s interface", title)
		for m := range under.Methods() {
			if m.Exported() {
				l.add("type %s interface, %s%s", title, m.Name(), l.signature(m))
			} else {
				l.add("type %s interface, unexported methods", title)
			}
		}
		l.lines = slices.Compact(l.lines)
		return // it has no other methods
	default:
		l.add("type %s %s", title, l.text(under))
	}
	l.methods(named)
}

// methods lists those of a type and of what it embeds. A value has those without a star.
func (l *lister) methods(named *types.Named) {
	ofValue := types.NewMethodSet(named)
	for m := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		if !m.Obj().Exported() {
			continue
		}
		receiver := "*" + named.Obj().Name()
		if ofValue.Lookup(m.Obj().Pkg(), m.Obj().Name()) != nil {
			receiver = named.Obj().Name()
		}
		l.add("method (%s) %s%s", receiver, m.Obj().Name(), l.signature(m.Obj().(*types.Func)))
	}
}

// A Change is a line that is not in both of two lists.
type Change struct {
	Line  string
	Added bool // else it has gone
}

func (c Change) String() string {
	if c.Added {
		return "+ " + c.Line
	}
	return "- " + c.Line
}

// Changes returns what differs between two sorted lists, in their order.
func Changes(old, current []string) (all []Change) {
	for _, line := range old {
		if _, found := slices.BinarySearch(current, line); !found {
			all = append(all, Change{Line: line})
		}
	}
	for _, line := range current {
		if _, found := slices.BinarySearch(old, line); !found {
			all = append(all, Change{Line: line, Added: true})
		}
	}
	slices.SortStableFunc(all, func(a, b Change) int { return cmp.Compare(a.Line, b.Line) })
	return all
}

package lockrules

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/entraredis/entraredis/internal/typecheck"
)

// suffix ends the name of a function that is called with a mutex locked.
const suffix = "Locked"

// A Violation is one place at which a function breaks a rule.
type Violation struct {
	Where string // file and line
	Func  string // package, type and name, like session.Session.Sent
	Text  string
}

func (v Violation) String() string { return fmt.Sprintf("%s: %s %s", v.Where, v.Func, v.Text) }

// Check returns the violations in the package, in the order of functions.
func Check(p *typecheck.Package) []Violation {
	c := &checker{p: p, needs: map[*types.Func]mutexSet{}, found: map[Violation]bool{}}
	c.guarded, c.names = guardsOf(p)
	for {
		before := c.size()
		c.walk()
		if c.size() == before {
			break
		}
	}
	c.reporting = true
	c.walk()
	found := slices.Collect(maps.Keys(c.found))
	slices.SortFunc(found, func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.Func, b.Func), strings.Compare(a.Where, b.Where), strings.Compare(a.Text, b.Text))
	})
	return found
}

type mutexSet map[*types.Var]bool

// A checker walks through all functions again and again until it learns nothing new: a Locked
// function needs what those that it calls need, which may stand below it. Then it walks through
// them once more to report.
type checker struct {
	p         *typecheck.Package
	guarded   guards
	names     mutexNames
	needs     map[*types.Func]mutexSet // of Locked functions
	acquires  map[*types.Func]mutexSet // what a function has locked itself, and returns with
	reporting bool
	found     map[Violation]bool
}

// size grows with everything that a walk has learned.
func (c *checker) size() (n int) {
	for _, set := range c.needs {
		n += len(set)
	}
	for _, set := range c.acquires {
		n += len(set)
	}
	return n
}

func (c *checker) walk() {
	acquires := map[*types.Func]mutexSet{}
	for _, file := range c.p.Files {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			object := c.p.Info.Defs[fn.Name].(*types.Func)
			callerLocks := strings.HasSuffix(fn.Name.Name, suffix)
			f := &function{checker: c, object: object, name: funcName(object), callerLocks: callerLocks}
			f.body(fn.Body)
			acquires[object] = f.acquired
		}
	}
	c.acquires = acquires
}

// funcName returns package, type and name.
func funcName(f *types.Func) string {
	name := f.Name()
	if recv := f.Signature().Recv(); recv != nil {
		t := recv.Type()
		if pointer, ok := t.(*types.Pointer); ok {
			t = pointer.Elem()
		}
		if named, ok := t.(*types.Named); ok {
			name = named.Obj().Name() + "." + name
		}
	}
	return path.Base(f.Pkg().Path()) + "." + name
}

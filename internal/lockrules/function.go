package lockrules

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// A function is one that is being followed.
type function struct {
	*checker
	object   *types.Func
	name     string
	locked   bool
	acquired mutexSet // locked at every return, though the function was called without
	returned bool     // a return was seen

	tries map[types.Object]*types.Var // variables that say whether a TryLock locked, and what
	exits []*exit                     // of the statements that break and continue leave, the innermost last
}

// An exit gathers the paths that leave a statement by break or begin it anew by continue.
type exit struct {
	label            string
	loop             bool
	broken, repeated state
}

func (f *function) initial() held {
	if f.locked {
		return inherited
	}
	return unlocked
}

func (f *function) of(s state, m *types.Var) held { return s.of(m, f.initial()) }

func (f *function) body(block *ast.BlockStmt) {
	end := f.block(block.List, state{mutexes: map[*types.Var]held{}})
	if !end.dead {
		f.leave(end, block.Rbrace)
	}
}

// literal follows a function literal that runs at some time, and begins without locks.
func (f *function) literal(lit *ast.FuncLit) {
	inner := &function{checker: f.checker, object: f.object, name: f.name}
	inner.body(lit.Body)
}

// atOnce follows a function literal that runs where it stands: with the locks of that place, which it must leave as they are.
func (f *function) atOnce(lit *ast.FuncLit, s state) {
	inner := &function{checker: f.checker, object: f.object, name: f.name, locked: f.locked}
	begin := state{mutexes: map[*types.Var]held{}}
	for m, h := range s.mutexes {
		if begin.mutexes[m] = unlocked; h.has() {
			begin.mutexes[m] = inherited
		}
	}
	if end := inner.block(lit.Body.List, begin); !end.dead {
		inner.leave(end, lit.Body.Rbrace)
	}
}

// runsAtOnce reports whether a call runs the literals among its arguments before it returns, and never again.
func (f *function) runsAtOnce(call *ast.CallExpr) bool {
	callee := f.callee(call)
	if callee == nil || callee.Pkg() == nil {
		return false
	}
	switch callee.Pkg().Path() {
	case "slices", "maps", "sort", "strings", "bytes":
		return true
	}
	return callee.FullName() == "(*sync.Once).Do"
}

func (f *function) report(at token.Pos, text string) {
	if !f.reporting {
		return
	}
	where := f.p.Position(&ast.Ident{NamePos: at})
	f.found[Violation{Where: where, Func: f.name, Text: text}] = true
}

// leave checks what a function returns with.
func (f *function) leave(s state, at token.Pos) {
	s = s.clone()
	for i := len(s.deferred) - 1; i >= 0; i-- {
		s = s.apply(s.deferred[i], f.initial())
	}
	acquired := mutexSet{}
	for m, h := range s.mutexes {
		switch h {
		case released:
			f.report(at, "returns with "+f.names[m]+" unlocked, with which it was called")
		case locked:
			f.report(at, "returns with "+f.names[m]+" locked")
			acquired[m] = true
		case mixed:
			f.report(at, "returns with "+f.names[m]+" locked on some paths")
		}
	}
	if f.returned {
		for m := range f.acquired {
			if !acquired[m] {
				delete(f.acquired, m)
			}
		}
	} else {
		f.acquired, f.returned = acquired, true
	}
}

// use checks that a guarded field is used under its mutex.
func (f *function) use(sel *ast.SelectorExpr, s state) {
	selection := f.p.Info.Selections[sel]
	if selection == nil || selection.Kind() != types.FieldVal {
		return
	}
	field := selection.Obj().(*types.Var).Origin()
	mutex := f.guarded[field]
	if mutex == nil {
		return
	}
	switch f.of(s, mutex) {
	case locked:
	case inherited:
		f.need(mutex)
	default:
		f.report(sel.Sel.Pos(), "uses "+field.Name()+" without "+f.names[mutex])
	}
}

func (f *function) need(mutex *types.Var) {
	if f.needs[f.object] == nil {
		f.needs[f.object] = mutexSet{}
	}
	f.needs[f.object][mutex] = true
}

// call checks a call of a Locked function, and returns what a call does to mutexes.
func (f *function) call(call *ast.CallExpr, s state) []effect {
	if mutex, method := f.mutexCall(call); mutex != nil {
		switch method {
		case "Lock", "RLock":
			return []effect{{mutex, true}}
		case "Unlock", "RUnlock":
			if h := f.of(s, mutex); h == unlocked {
				f.report(call.Pos(), "unlocks "+f.names[mutex]+", which it did not lock")
			}
			return []effect{{mutex, false}}
		}
		return nil
	}
	callee := f.callee(call)
	if callee == nil {
		return nil
	}
	if strings.HasSuffix(callee.Name(), suffix) {
		f.requireLocks(call, callee, s)
	}
	var effects []effect
	for mutex := range f.acquires[callee] {
		effects = append(effects, effect{mutex, true})
	}
	return effects
}

func (f *function) requireLocks(call *ast.CallExpr, callee *types.Func, s state) {
	for mutex := range f.needs[callee] {
		switch f.of(s, mutex) {
		case locked:
		case inherited:
			f.need(mutex)
		default:
			f.report(call.Pos(), "calls "+callee.Name()+" without "+f.names[mutex])
		}
	}
	if len(f.needs[callee]) > 0 || f.locked {
		return
	}
	for _, h := range s.mutexes {
		if h.has() {
			return
		}
	}
	f.report(call.Pos(), "calls "+callee.Name()+" without a lock")
}

func (f *function) callee(call *ast.CallExpr) *types.Func {
	var id *ast.Ident
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	default:
		return nil
	}
	callee, _ := f.p.Info.Uses[id].(*types.Func)
	if callee == nil {
		return nil
	}
	return callee.Origin()
}

// mutexCall returns the mutex and the method if call is one of a known mutex.
func (f *function) mutexCall(call *ast.CallExpr) (mutex *types.Var, method string) {
	fun, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil, ""
	}
	selection := f.p.Info.Selections[fun]
	if selection == nil || selection.Kind() != types.MethodVal {
		return nil, ""
	}
	if field, ok := ast.Unparen(fun.X).(*ast.SelectorExpr); ok {
		if of := f.p.Info.Selections[field]; of != nil && of.Kind() == types.FieldVal {
			if v := of.Obj().(*types.Var).Origin(); f.names[v] != "" {
				return v, fun.Sel.Name
			}
		}
	}
	// A mutex that is embedded.
	if index := selection.Index(); len(index) > 1 {
		if v := fieldAt(selection.Recv(), index[:len(index)-1]); v != nil && f.names[v] != "" {
			return v, fun.Sel.Name
		}
	}
	return nil, ""
}

func fieldAt(t types.Type, index []int) (v *types.Var) {
	for _, i := range index {
		if pointer, ok := t.Underlying().(*types.Pointer); ok {
			t = pointer.Elem()
		}
		s, ok := t.Underlying().(*types.Struct)
		if !ok {
			return nil
		}
		v = s.Field(i)
		t = v.Type()
	}
	return v.Origin()
}

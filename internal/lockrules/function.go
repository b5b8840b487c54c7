package lockrules

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// A function is one that is being followed. flow.go follows its statements, and calls use, call and
// leave here, which know the rules.
type function struct {
	*checker
	object      *types.Func
	name        string // for reports
	callerLocks bool   // its name ends in Locked
	acquired    mutexSet
	returned    bool // a return was seen, so acquired is known: what is locked at each of them by this function

	tries map[types.Object]*types.Var // variables that say whether a TryLock locked, and what
	exits []*exit                     // of the statements that break and continue leave, the innermost last
}

// An exit gathers the paths that leave a statement by break or begin it anew by continue.
type exit struct {
	label            string
	loop             bool
	broken, repeated state
}

// untouched is the hold of mutexes that the function did not touch so far.
func (f *function) untouched() hold {
	if f.callerLocks {
		return lockedByCaller
	}
	return free
}

func (f *function) holdOf(s state, mutex *types.Var) hold { return s.holdOf(mutex, f.untouched()) }

func (f *function) body(block *ast.BlockStmt) {
	end := f.block(block.List, state{holds: map[*types.Var]hold{}})
	if !end.unreachable {
		f.leave(end, block.Rbrace)
	}
}

// literal follows a function literal that runs at some time, and begins without locks.
func (f *function) literal(lit *ast.FuncLit) {
	inner := &function{checker: f.checker, object: f.object, name: f.name}
	inner.body(lit.Body)
}

// atOnce follows a function literal that runs where it stands: with the locks of that place, which
// it must leave as they are.
func (f *function) atOnce(lit *ast.FuncLit, s state) {
	inner := &function{checker: f.checker, object: f.object, name: f.name, callerLocks: f.callerLocks}
	begin := state{holds: map[*types.Var]hold{}}
	for m, h := range s.holds {
		if begin.holds[m] = free; h.locked() {
			begin.holds[m] = lockedByCaller
		}
	}
	if end := inner.block(lit.Body.List, begin); !end.unreachable {
		inner.leave(end, lit.Body.Rbrace)
	}
}

// runsAtOnce reports whether a call runs the literals among its arguments before it returns, and
// never again.
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
		s = s.after(s.deferred[i], f.untouched())
	}
	acquired := mutexSet{}
	for m, h := range s.holds {
		switch h {
		case unlockedHere:
			f.report(at, "returns with "+f.names[m]+" unlocked, with which it was called: lock it again before")
		case lockedHere:
			f.report(at, "returns with "+f.names[m]+" locked: unlock it on each path, or let the caller lock it")
			acquired[m] = true
		case lockedOnSomePaths:
			f.report(at, "returns with "+f.names[m]+" locked on some paths: unlock it on each that locks it")
		case free, lockedByCaller: // as it was called
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
	switch f.holdOf(s, mutex) {
	case lockedHere:
	case lockedByCaller:
		f.need(mutex)
	case free, unlockedHere, lockedOnSomePaths:
		f.report(sel.Sel.Pos(), "uses "+field.Name()+" without "+f.names[mutex]+f.remedy())
	}
}

// remedy says how to mend that a mutex is not locked.
func (f *function) remedy() string {
	if f.callerLocks {
		return ": lock it again before"
	}
	return ": lock it before, or end the name in Locked and have each caller lock it"
}

// need records that a Locked function needs a mutex.
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
			if h := f.holdOf(s, mutex); h == free {
				f.report(call.Pos(), "unlocks "+f.names[mutex]+", which it did not lock: end the name in Locked if each caller has")
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

// requireLocks checks that the mutexes that a Locked function needs are locked where it is called.
func (f *function) requireLocks(call *ast.CallExpr, callee *types.Func, s state) {
	for mutex := range f.needs[callee] {
		switch f.holdOf(s, mutex) {
		case lockedHere:
		case lockedByCaller:
			f.need(mutex)
		case free, unlockedHere, lockedOnSomePaths:
			f.report(call.Pos(), "calls "+callee.Name()+" without "+f.names[mutex]+f.remedy())
		}
	}
	if len(f.needs[callee]) > 0 || f.callerLocks {
		return
	}
	for _, h := range s.holds {
		if h.locked() {
			return
		}
	}
	f.report(call.Pos(), "calls "+callee.Name()+" without a lock"+f.remedy())
}

// callee returns the function that is called, nil if it is a value or a conversion.
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

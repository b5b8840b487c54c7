package lockrules

import (
	"go/ast"
	"go/token"
	"go/types"
)

// The functions below go through statements and expressions in the order in which they run. Each
// takes what is known before, and returns what is known after. function.go says what is checked on
// the way.

func (f *function) block(list []ast.Stmt, s state) state {
	for _, stmt := range list {
		s = f.stmt(stmt, s, "")
	}
	return s
}

func (f *function) stmt(stmt ast.Stmt, s state, label string) state {
	if s.unreachable {
		return s
	}
	switch stmt := stmt.(type) {
	case nil:
		return s
	case *ast.BlockStmt:
		return f.block(stmt.List, s)
	case *ast.LabeledStmt:
		return f.stmt(stmt.Stmt, s, stmt.Label.Name)
	case *ast.ReturnStmt:
		for _, result := range stmt.Results {
			s = f.expr(result, s)
		}
		f.leave(s, stmt.Pos())
		return state{unreachable: true}
	case *ast.BranchStmt:
		return f.branch(stmt, s)
	case *ast.DeferStmt:
		return f.deferCall(stmt.Call, s)
	case *ast.GoStmt:
		return f.arguments(stmt.Call, s)
	case *ast.IfStmt:
		return f.ifStmt(stmt, s)
	case *ast.ForStmt:
		s = f.stmt(stmt.Init, s, "")
		return f.loop(label, s, stmt.Cond != nil, func(s state) state {
			if stmt.Cond != nil {
				s = f.expr(stmt.Cond, s)
			}
			return s
		}, stmt.Body, stmt.Post)
	case *ast.RangeStmt:
		s = f.expr(stmt.X, s)
		return f.loop(label, s, true, func(s state) state { return f.exprs(s, stmt.Key, stmt.Value) }, stmt.Body, nil)
	case *ast.SwitchStmt:
		s = f.stmt(stmt.Init, s, "")
		return f.cases(label, f.exprs(s, stmt.Tag), stmt.Body, false)
	case *ast.TypeSwitchStmt:
		s = f.stmt(stmt.Init, s, "")
		return f.cases(label, f.stmt(stmt.Assign, s, ""), stmt.Body, false)
	case *ast.SelectStmt:
		return f.cases(label, s, stmt.Body, true)
	case *ast.AssignStmt:
		f.rememberTry(stmt)
	case *ast.ExprStmt:
		s = f.expr(stmt.X, s)
		if call, ok := stmt.X.(*ast.CallExpr); ok && f.panics(call) {
			return state{unreachable: true}
		}
		return s
	}
	return f.expr(stmt, s)
}

func (f *function) panics(call *ast.CallExpr) bool {
	id, ok := call.Fun.(*ast.Ident)
	if !ok {
		return false
	}
	_, builtin := f.p.Info.Uses[id].(*types.Builtin)
	return builtin && id.Name == "panic"
}

func (f *function) branch(stmt *ast.BranchStmt, s state) state {
	for i := len(f.exits) - 1; i >= 0; i-- {
		e := f.exits[i]
		switch {
		case stmt.Label != nil && e.label != stmt.Label.Name:
			continue
		case stmt.Tok == token.BREAK:
			e.broken = merge(e.broken, s, f.untouched())
			return state{unreachable: true}
		case stmt.Tok == token.CONTINUE && e.loop:
			e.repeated = merge(e.repeated, s, f.untouched())
			return state{unreachable: true}
		}
	}
	return s // fallthrough: the next case begins with less than is known
}

func (f *function) ifStmt(stmt *ast.IfStmt, s state) state {
	s = f.stmt(stmt.Init, s, "")
	cond, negated := ast.Unparen(stmt.Cond), false
	if not, ok := cond.(*ast.UnaryExpr); ok && not.Op == token.NOT {
		cond, negated = ast.Unparen(not.X), true
	}
	s = f.expr(stmt.Cond, s)
	yes, no := s.clone(), s.clone()
	if mutex := f.tried(cond); mutex != nil {
		if got := s.after(effect{mutex, true}, f.untouched()); negated {
			no = got
		} else {
			yes = got
		}
	}
	return merge(f.block(stmt.Body.List, yes), f.stmt(stmt.Else, no, ""), f.untouched())
}

// tried returns the mutex that is locked if the condition holds: a TryLock, or a variable with what
// one returned.
func (f *function) tried(cond ast.Expr) *types.Var {
	switch cond := cond.(type) {
	case *ast.CallExpr:
		if mutex, method := f.mutexCall(cond); mutex != nil && (method == "TryLock" || method == "TryRLock") {
			return mutex
		}
	case *ast.Ident:
		return f.tries[f.p.Info.Uses[cond]]
	}
	return nil
}

// rememberTry notes a variable that is declared with what a TryLock returns.
func (f *function) rememberTry(stmt *ast.AssignStmt) {
	if stmt.Tok != token.DEFINE || len(stmt.Lhs) != 1 || len(stmt.Rhs) != 1 {
		return
	}
	id, ok := stmt.Lhs[0].(*ast.Ident)
	if mutex := f.tried(ast.Unparen(stmt.Rhs[0])); ok && mutex != nil {
		if f.tries == nil {
			f.tries = map[types.Object]*types.Var{}
		}
		f.tries[f.p.Info.Defs[id]] = mutex
	}
}

// loop follows a loop until another turn teaches nothing. It ends by its head, if that ends it, or
// by break.
func (f *function) loop(label string, s state, ends bool, head func(state) state, body *ast.BlockStmt, post ast.Stmt) state {
	for range len(f.names) + 2 {
		e := &exit{label: label, loop: true, broken: state{unreachable: true}, repeated: state{unreachable: true}}
		f.exits = append(f.exits, e)
		s = head(s)
		end := merge(f.block(body.List, s.clone()), e.repeated, f.untouched())
		end = f.stmt(post, end, "")
		f.exits = f.exits[:len(f.exits)-1]
		after := e.broken
		if ends {
			after = merge(after, s, f.untouched())
		}
		next := merge(s, end, f.untouched())
		if next.equals(s) {
			return after
		}
		s = next
	}
	return s
}

func (f *function) cases(label string, s state, body *ast.BlockStmt, always bool) state {
	e := &exit{label: label, broken: state{unreachable: true}}
	f.exits = append(f.exits, e)
	after := state{unreachable: true}
	for _, clause := range body.List {
		in, list := s.clone(), []ast.Stmt(nil)
		switch clause := clause.(type) {
		case *ast.CaseClause:
			if clause.List == nil {
				always = true
			}
			for _, value := range clause.List {
				in = f.expr(value, in)
			}
			list = clause.Body
		case *ast.CommClause:
			in = f.stmt(clause.Comm, in, "")
			list = clause.Body
		}
		after = merge(after, f.block(list, in), f.untouched())
	}
	f.exits = f.exits[:len(f.exits)-1]
	if !always {
		after = merge(after, s, f.untouched())
	}
	return merge(after, e.broken, f.untouched())
}

func (f *function) deferCall(call *ast.CallExpr, s state) state {
	if lit, ok := call.Fun.(*ast.FuncLit); ok {
		f.literal(lit)
		return f.exprs(s, call.Args...)
	}
	s = f.arguments(call, s)
	if mutex, method := f.mutexCall(call); mutex != nil {
		s = s.clone()
		switch method {
		case "Lock", "RLock":
			s.deferred = append(s.deferred, effect{mutex, true})
		case "Unlock", "RUnlock":
			s.deferred = append(s.deferred, effect{mutex, false})
		}
	}
	return s
}

// arguments follows the operands of a call that runs later.
func (f *function) arguments(call *ast.CallExpr, s state) state {
	if callee := f.callee(call); callee != nil {
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
			s = f.expr(sel.X, s)
		}
		return f.exprs(s, call.Args...)
	}
	return f.exprs(s, append([]ast.Expr{call.Fun}, call.Args...)...)
}

func (f *function) exprs(s state, list ...ast.Expr) state {
	for _, e := range list {
		if e != nil {
			s = f.expr(e, s)
		}
	}
	return s
}

// operands follows what a call is made of. Literals that it runs at once have the locks of the
// place.
func (f *function) operands(call *ast.CallExpr, s state) state {
	if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		s = f.exprs(s, call.Args...)
		f.atOnce(lit, s)
		return s
	}
	s = f.exprs(s, call.Fun)
	atOnce := f.runsAtOnce(call)
	for _, argument := range call.Args {
		if lit, ok := argument.(*ast.FuncLit); ok && atOnce {
			f.atOnce(lit, s)
		} else {
			s = f.expr(argument, s)
		}
	}
	return s
}

// expr follows everything in a node without statements of its own, in the order of the source:
// operands before calls.
func (f *function) expr(n ast.Node, s state) state {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			f.literal(n)
			return false
		case *ast.SelectorExpr:
			f.use(n, s)
		case *ast.CallExpr:
			s = f.operands(n, s)
			for _, e := range f.call(n, s) {
				s = s.after(e, f.untouched())
			}
			return false
		}
		return true
	})
	return s
}

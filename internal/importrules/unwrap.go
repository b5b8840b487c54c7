package importrules

import (
	"go/ast"
	"strings"
)

// clientErrors are the folders whose errors reach a client library, and kitErrors those among them
// whose errors do not.
func clientErrors() []string { return []string{"core", "adapters"} }
func kitErrors() []string    { return []string{"core/entratest", "adapters/adaptertest"} }

// lossyErrors returns the errors in a file that unwrap to a single other one, by the node that makes
// them. go-redis returns what a login's error unwraps to instead of the error itself, so the reason
// would be lost. The forms for several errors do not have that method.
func lossyErrors(file *ast.File) map[ast.Node]string {
	found := map[ast.Node]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv != nil && n.Name.Name == "Unwrap" && returnsOneError(n.Type) {
				found[n] = "Unwrap returns one error"
			}
		case *ast.CallExpr:
			if wrapped := wrappedIn(n); wrapped == 1 {
				found[n] = "fmt.Errorf wraps one error"
			}
		}
		return true
	})
	return found
}

func returnsOneError(fn *ast.FuncType) bool {
	if fn.Results == nil || len(fn.Results.List) != 1 {
		return false
	}
	_, isList := fn.Results.List[0].Type.(*ast.ArrayType)
	return !isList
}

// wrappedIn returns how many errors a call of fmt.Errorf wraps, 0 for other calls.
func wrappedIn(call *ast.CallExpr) int {
	fn, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || fn.Sel.Name != "Errorf" || len(call.Args) == 0 {
		return 0
	}
	if pkg, ok := fn.X.(*ast.Ident); !ok || pkg.Name != "fmt" {
		return 0
	}
	format, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return 0
	}
	return strings.Count(format.Value, "%w")
}

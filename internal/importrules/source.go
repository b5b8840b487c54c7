package importrules

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
)

// maxLines is where a file holds more than one idea or one type, or a type that is too big.
const maxLines = 600

// vagueNames say that something is here, not what it is.
func vagueNames() []string {
	return []string{"util", "utils", "helper", "helpers", "common", "type", "types", "manager", "shared", "misc", "base", "stuff"}
}

// CheckSource returns a line for every house rule that the Go file breaks. The name is its path below the
// module's root, with slashes.
func CheckSource(name string, src []byte) []string {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	c := &checker{name: name, fset: fset, file: file, test: strings.HasSuffix(name, "_test.go")}
	c.names()
	c.length(src)
	c.imports()
	c.comments()
	for _, decl := range file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			c.report(fn.Pos(), "func init runs behind the reader's back, call it from where it is needed")
		}
	}
	ast.Inspect(file, c.call)
	if c.in(clientErrors()) && !c.in(kitErrors()) && !c.test {
		for node, what := range lossyErrors(file) {
			c.report(node.Pos(), "%s, and go-redis returns that one instead: use the form for several errors", what)
		}
	}
	if c.in(pureFolders()) && !c.test {
		ast.Inspect(file, c.pure)
	}
	if c.in(externalTests()) && c.test {
		c.external()
	}
	return c.broken
}

// pureFolders hold code that is told the time and starts nothing.
func pureFolders() []string {
	return []string{"core/entra/internal/schedule", "core/entraconn/internal/session", "core/entraconn/internal/admission"}
}

// externalTests are the folders whose tests are all in a package of their own.
func externalTests() []string { return []string{"core/entra", "core/entraconn", "internal/resp"} }

// timelessNames are what pure code may use of package time: values, and nothing that asks a clock.
func timelessNames() []string {
	return []string{"Duration", "Time", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour"}
}

type checker struct {
	name   string
	fset   *token.FileSet
	file   *ast.File
	test   bool
	broken []string
}

func (c *checker) report(at token.Pos, format string, args ...any) {
	line := c.fset.Position(at).Line
	c.broken = append(c.broken, fmt.Sprintf("%s:%d: %s", c.name, line, fmt.Sprintf(format, args...)))
}

func (c *checker) names() {
	parts := strings.Split(path.Dir(c.name), "/")
	stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(c.name), ".go"), "_test")
	for _, part := range append(parts, stem, c.file.Name.Name) {
		if slices.Contains(vagueNames(), part) {
			c.report(c.file.Package, "the name %q does not say what is inside", part)
		}
	}
}

func (c *checker) length(src []byte) {
	if n := bytes.Count(src, []byte("\n")); n > maxLines {
		c.report(c.file.Package, "%d lines, more than %d: one idea per file", n, maxLines)
	}
}

// imports allows an alias only where go-redis and redigo, which are both called redis, meet in one file.
func (c *checker) imports() {
	var both []string
	for _, spec := range c.file.Imports {
		p := strings.Trim(spec.Path.Value, `"`)
		if p == goredis+"/v9" || p == redigo+"/redis" {
			both = append(both, p)
		}
	}
	for _, spec := range c.file.Imports {
		p := strings.Trim(spec.Path.Value, `"`)
		if spec.Name == nil || spec.Name.Name == "_" || len(both) == 2 && slices.Contains(both, p) {
			continue
		}
		c.report(spec.Pos(), "import of %s under the name %s: use its own", p, spec.Name.Name)
	}
}

func (c *checker) comments() {
	for _, group := range c.file.Comments {
		for _, comment := range group.List {
			for _, mark := range []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"} {
				if strings.Contains(comment.Text, mark) {
					c.report(comment.Pos(), "%s: do it, or file an issue", mark)
				}
			}
		}
	}
}

// external looks for tests that reach what users do not.
func (c *checker) external() {
	switch {
	case path.Base(c.name) == "export_test.go":
		c.report(c.file.Package, "an export_test.go: tests of this folder use what its users use")
	case !strings.HasSuffix(c.file.Name.Name, "_test"):
		c.report(c.file.Package, "a test inside package %s: tests of this folder use what its users use", c.file.Name.Name)
	}
}

// call looks for tests that sleep by the clock on the wall, and for skips that do not say why. Inside a bubble of
// testing/synctest time.Sleep takes no time, so a file that imports that package may call it.
func (c *checker) call(n ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return true
	}
	fn, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return true
	}
	x, _ := fn.X.(*ast.Ident)
	switch {
	case c.test && x != nil && x.Name == "time" && fn.Sel.Name == "Sleep" && !c.importsPackage("testing/synctest"):
		c.report(call.Pos(), "time.Sleep in a test: wait for what you wait for, or use testing/synctest")
	case c.importsPackage("testing") && (fn.Sel.Name == "SkipNow" || fn.Sel.Name == "Skip" && len(call.Args) == 0):
		c.report(call.Pos(), "%s without a reason", fn.Sel.Name)
	}
	return true
}

// pure looks for clocks and goroutines.
func (c *checker) pure(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.report(n.Pos(), "a goroutine in code that starts nothing")
	case *ast.SelectorExpr:
		if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && c.importsPackage("time") && !slices.Contains(timelessNames(), n.Sel.Name) {
			c.report(n.Pos(), "time.%s in code that is told the time", n.Sel.Name)
		}
	}
	return true
}

// in reports whether the file is in one of the folders or below it.
func (c *checker) in(folders []string) bool { return inAny(path.Dir(c.name), folders) }

func (c *checker) importsPackage(p string) bool {
	return slices.ContainsFunc(c.file.Imports, func(spec *ast.ImportSpec) bool {
		return strings.Trim(spec.Path.Value, `"`) == p
	})
}

package lockrules

import (
	"fmt"
	"go/ast"
	"go/types"
	"regexp"
	"strings"

	"github.com/entraredis/entraredis/internal/typecheck"
)

// needs finds the sentence in which a comment names the mutexes that a function needs.
var needs = regexp.MustCompile(`It needs ((?:\w+\.)?\w+)(?: and ((?:\w+\.)?\w+))?[.,]`)

// CheckComments returns the functions with the suffix Locked whose comments do not say "It needs wmu." or "It needs
// Conn.wmu and Conn.mu.", in a package in which a struct has several mutexes: there the suffix does not tell which one.
func CheckComments(p *typecheck.Package) (found []Violation) {
	mutexes, several := mutexFields(p)
	if !several {
		return nil
	}
	for _, file := range p.Files {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || !strings.HasSuffix(fn.Name.Name, suffix) {
				continue
			}
			comment := strings.Join(strings.Fields(fn.Doc.Text()), " ")
			if text := checkComment(comment, mutexes); text != "" {
				name := funcName(p.Info.Defs[fn.Name].(*types.Func))
				found = append(found, Violation{Where: p.Position(fn.Name), Func: name, Text: text})
			}
		}
	}
	return found
}

func checkComment(comment string, mutexes map[string]bool) string {
	named := needs.FindStringSubmatch(comment)
	if named == nil {
		return `has no comment that says "It needs …" and names a mutex`
	}
	for _, name := range []string{named[1], named[2]} {
		if name != "" && !mutexes[name[strings.LastIndex(name, ".")+1:]] {
			return fmt.Sprintf("needs %s by its comment, which is no mutex of the package", name)
		}
	}
	return ""
}

// mutexFields returns the names of the mutexes that are fields of structs of a package, and reports whether a struct has
// several.
func mutexFields(p *typecheck.Package) (names map[string]bool, several bool) {
	names = map[string]bool{}
	scope := p.Types.Scope()
	for _, name := range scope.Names() {
		structure, ok := scope.Lookup(name).Type().Underlying().(*types.Struct)
		if !ok {
			continue
		}
		n := 0
		for i := range structure.NumFields() {
			if f := structure.Field(i); isMutex(f.Type()) {
				names[f.Name()] = true
				n++
			}
		}
		several = several || n > 1
	}
	return names, several
}

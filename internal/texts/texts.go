// Package texts gathers what the core and the adapters say: errors, log lines and the texts of a Status, as they stand in
// the source. The golden file of its test shows a changed text in review.
package texts

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Text is one string as it stands in the source. Where strings and values are joined with +, it is all of them, with {}
// for a value.
type Text struct {
	Use  string // what it is for: see the constants
	Text string
}

// What a text is for, as far as the place says it.
const (
	Error  = "error"  // of errors.New or fmt.Errorf
	Log    = "log"    // a line, with the names of its fields
	Field  = "field"  // the name of a field of log lines, where it stands apart from the line
	Reason = "reason" // of a ConfigError
	Other  = "text"   // all else: texts that functions return, or that become one of the above elsewhere
)

// Gather returns the texts of a Go file, sorted. Imports, tags of fields, strings without a letter, and what goes over the
// wire are none: single words in capitals, and whatever has the line end of the protocol.
func Gather(name string, src []byte) ([]Text, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	g := &gatherer{}
	for _, decl := range file.Decls {
		if imports, ok := decl.(*ast.GenDecl); !ok || imports.Tok != token.IMPORT {
			g.node(decl, Other)
		}
	}
	return Sorted(g.found), nil
}

// Sorted returns the texts sorted, each once.
func Sorted(all []Text) []Text {
	slices.SortFunc(all, func(a, b Text) int { return cmp.Or(strings.Compare(a.Use, b.Use), strings.Compare(a.Text, b.Text)) })
	return slices.Compact(all)
}

var protocolWord = regexp.MustCompile(`^[A-Z0-9]+$`)

type gatherer struct{ found []Text }

func (g *gatherer) add(use, text string) {
	if strings.ContainsFunc(text, unicode.IsLetter) && !strings.Contains(text, "\r\n") && !protocolWord.MatchString(text) {
		g.found = append(g.found, Text{use, text})
	}
}

// node gathers what is below a node whose texts are for use.
func (g *gatherer) node(n ast.Node, use string) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if n.Tag != nil {
				g.node(n.Type, use)
				return false
			}
		case *ast.CompositeLit:
			if isNamed(n.Type, "ConfigError") {
				g.elements(n, use)
				return false
			}
		case *ast.CallExpr:
			if inside := useOf(n); inside != "" {
				g.call(n, inside)
				return false
			}
		case *ast.BinaryExpr:
			if text, ok := joined(n); ok && n.Op == token.ADD {
				g.add(use, text)
				g.values(n, use)
				return false
			}
		case *ast.BasicLit:
			if text, ok := joined(n); ok {
				g.add(use, text)
			}
		}
		return true
	})
}

// elements gathers a ConfigError's texts.
func (g *gatherer) elements(lit *ast.CompositeLit, use string) {
	for _, element := range lit.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok && isNamed(pair.Key, "Reason") {
			g.node(pair.Value, Reason)
		} else {
			g.node(element, use)
		}
	}
}

// call gathers the arguments of a call. Those of a log call are one text.
func (g *gatherer) call(call *ast.CallExpr, use string) {
	g.node(call.Fun, Other)
	if use != Log {
		for _, argument := range call.Args {
			g.node(argument, use)
		}
		return
	}
	line := ""
	inner := &gatherer{}
	for _, argument := range call.Args {
		if text, ok := joined(argument); ok && line == "" {
			line = text
			g.values(argument, Other)
			continue
		}
		inner.node(argument, Field)
	}
	for _, field := range inner.found { // in their order
		if field.Use == Field {
			line += " " + field.Text + "="
		} else {
			g.found = append(g.found, field)
		}
	}
	g.add(Log, line)
}

// values gathers what is below the values of a text that was joined.
func (g *gatherer) values(n ast.Node, use string) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		g.values(n.X, use)
		g.values(n.Y, use)
	case *ast.ParenExpr:
		g.values(n.X, use)
	case *ast.BasicLit:
	default:
		g.node(n, use)
	}
}

// useOf returns what the arguments of a call are for, nothing if the call does not say.
func useOf(call *ast.CallExpr) string {
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	pkg, _ := fun.X.(*ast.Ident)
	switch {
	case pkg != nil && pkg.Name == "slog" && fun.Sel.Name != "New":
		return Field
	case pkg != nil && (pkg.Name == "errors" && fun.Sel.Name == "New" || pkg.Name == "fmt" && fun.Sel.Name == "Errorf"):
		return Error
	}
	switch fun.Sel.Name {
	case "LogAttrs", "Log", "DebugContext", "InfoContext", "WarnContext", "ErrorContext":
		return Log
	}
	return ""
}

// joined returns the text of a literal, or of an addition in which one stands.
func joined(e ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.ParenExpr:
		return joined(e.X)
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		left, isLeft := joined(e.X)
		right, isRight := joined(e.Y)
		if !isLeft && !isRight {
			return "", false
		}
		if !isLeft {
			left = "{}"
		}
		if !isRight {
			right = "{}"
		}
		return left + right, true
	}
	return "", false
}

// isNamed reports whether e is an identifier, or one of a package.
func isNamed(e ast.Expr, name string) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == name
	case *ast.SelectorExpr:
		return e.Sel.Name == name
	}
	return false
}

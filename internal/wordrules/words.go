// Package wordrules keeps words out of the repository that make a reader stop.
//
// [Words] are kept out of everything that is read: Go files, with their comments, names and texts,
// and documents. [Identifiers] may not be declared as a whole name by the connection or below it,
// because each once stood for several things there; as a part of a longer name or in a sentence
// they do no harm.
//
// The words stand in this package, whose own files are the only ones that no rule reads. For a new
// rule, add a line to [Words] or [Identifiers] with what to say instead. Where the word must stay,
// an exception in exceptions_test.go names the folder or the file and says why. An exception that
// is needed no more fails.
package wordrules

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// A Rule keeps one word out.
type Rule struct {
	Word    string // or a phrase of several
	Instead string // what to say for it
}

// Words returns what is kept out of Go files and documents.
func Words() []Rule {
	const subject = "the one who acts: the client, the caller, the server, a goroutine"
	return []Rule{
		{"nobody", subject},
		{"somebody", subject},
		{"whoever", subject},
		{"stillborn", "stub connection"},
		{"stash", "read buffer"},
		{"untold", "stale, of a write deadline"},
		{"owed", "pending, of a reply that we produce ourselves"},
		{"lowering", "downgrade, of a reply"},
		{"unraisable", "what cannot be upgraded"},
		{"let through", "admit, of the login gate"},
		{"have had", "acquire, of a token"},
		{"ends by itself", "transient"},
		{"has to be mended", "permanent, or what the operator has to do"},
	}
}

// Identifiers returns what may not be declared as a name of its own.
func Identifiers() []Rule {
	const moment = "what is idle (nothing in flight) or drained (nothing but our AUTH)"
	return []Rule{
		{"host", "client"},
		{"round", "rotation"},
		{"told", "what is in flight, answered or refused"},
		{"gate", "loginGate"},
		{"pass", "permit"},
		{"over", "what has ended"},
		{"pace", "spreading"},
		{"attempt", "auth, or what else is tried"},
		{"raise", "upgrade"},
		{"lower", "downgrade"},
		{"blind", "untracked"},
		{"opaque", "uncounted"},
		{"settled", moment},
		{"quiet", moment},
		{"calm", moment},
		{"early", "readBuffer"},
		{"left", "retired, or what remains"},
	}
}

// A Use is one place at which a word is used.
type Use struct {
	Rule
	File string
	Line int
}

func (u Use) String() string {
	return fmt.Sprintf("%s:%d: %q is kept out: say %s", u.File, u.Line, u.Word, u.Instead)
}

// between finds what may stand between the words of a phrase: also the end of a line of a comment.
var between = regexp.MustCompile(`^[\s/*>_-]*$`)

// FindWords returns where a text uses one of the words, whatever their case. Letters of other words
// do not count: "owed" is not in "allowed".
func FindWords(file, text string, rules []Rule) []Use {
	found := findAll(text)
	var uses []Use
	for i := range found {
		for _, rule := range rules {
			if matches(text, found[i:], strings.Fields(rule.Word)) {
				uses = append(uses, Use{rule, file, 1 + strings.Count(text[:found[i].start], "\n")})
			}
		}
	}
	return uses
}

type piece struct {
	word       string
	start, end int
}

// findAll splits a text into words in lower case.
func findAll(text string) []piece {
	var pieces []piece
	for start := 0; start < len(text); {
		end := wordEnd(text, start)
		if end == start {
			start++
			continue
		}
		pieces = append(pieces, piece{strings.ToLower(text[start:end]), start, end})
		start = end
	}
	return pieces
}

// wordEnd returns where the word ends that begins at start, start if none does. A word is letters
// of one case, of which the first may be upper; of several capitals before a small letter the last
// belongs to the next word.
func wordEnd(text string, start int) int {
	end := start
	for end < len(text) && isUpper(text[end]) {
		end++
	}
	switch {
	case end-start > 1 && end < len(text) && isLower(text[end]):
		return end - 1
	case end-start > 1:
		return end
	}
	for end < len(text) && isLower(text[end]) {
		end++
	}
	return end
}

func isUpper(b byte) bool { return b >= 'A' && b <= 'Z' }
func isLower(b byte) bool { return b >= 'a' && b <= 'z' }

func matches(text string, found []piece, phrase []string) bool {
	if len(found) < len(phrase) {
		return false
	}
	for i, word := range phrase {
		if found[i].word != word || i > 0 && !between.MatchString(text[found[i-1].end:found[i].start]) {
			return false
		}
	}
	return true
}

// FindIdentifiers returns where a Go file declares one of the names, whatever its case: as a
// constant, variable, type, function, method, field, parameter, result, receiver, label, or a name
// for an import.
func FindIdentifiers(file string, src []byte, rules []Rule) ([]Use, error) {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var uses []Use
	declare := func(e ast.Expr) {
		id, ok := e.(*ast.Ident)
		if !ok {
			return
		}
		word := strings.ToLower(id.Name)
		if i := slices.IndexFunc(rules, func(r Rule) bool { return r.Word == word }); i >= 0 {
			uses = append(uses, Use{rules[i], file, fset.Position(id.Pos()).Line})
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		for _, e := range declaredBy(n) {
			declare(e)
		}
		return true
	})
	return uses, nil
}

// declaredBy returns the names that a node declares.
func declaredBy(n ast.Node) (names []ast.Expr) {
	switch n := n.(type) {
	case *ast.FuncDecl:
		names = append(names, n.Name)
	case *ast.TypeSpec:
		names = append(names, n.Name)
	case *ast.ValueSpec:
		for _, id := range n.Names {
			names = append(names, id)
		}
	case *ast.Field:
		for _, id := range n.Names {
			names = append(names, id)
		}
	case *ast.LabeledStmt:
		names = append(names, n.Label)
	case *ast.ImportSpec:
		if n.Name != nil {
			names = append(names, n.Name)
		}
	case *ast.AssignStmt:
		if n.Tok == token.DEFINE {
			names = append(names, n.Lhs...)
		}
	case *ast.RangeStmt:
		if n.Tok == token.DEFINE {
			names = append(names, n.Key, n.Value)
		}
	}
	return names
}

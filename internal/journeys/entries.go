// Package journeys counts the calls of our functions that a client's journey takes: one GET, a Close, two hours in a
// BLPOP. The calls do not depend on the machine, and a reader who follows the journey makes each of them.
package journeys

import (
	"bufio"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A Function is one of ours, declared or a literal, and how often it was entered.
type Function struct {
	File    string // as the profile names it
	Name    string // with its type; of a literal the name of the function around it and the line
	Entries int
}

// Entries returns the functions that were entered between two coverage profiles of one binary, those that were entered
// most often first. read returns the source of a file that the profiles name. The count of the first block of its body is
// how often a function was entered. A function without statements does not count, and neither does one whose body stands
// on one line: a reader knows it by its name, and the compiler puts it in the place of the call.
func Entries(before, after io.Reader, read func(name string) ([]byte, error)) ([]Function, error) {
	earlier, err := blocks(before)
	if err != nil {
		return nil, err
	}
	later, err := blocks(after)
	if err != nil {
		return nil, err
	}
	var entered []Function
	for name, list := range later {
		src, err := read(name)
		if err != nil {
			return nil, err
		}
		bodies, err := bodiesOf(name, src)
		if err != nil {
			return nil, err
		}
		for _, body := range bodies {
			first, ok := body.firstBlock(list)
			if entries := list[first] - earlier[name][first]; ok && entries > 0 {
				entered = append(entered, Function{File: name, Name: body.name, Entries: entries})
			}
		}
	}
	slices.SortFunc(entered, func(a, b Function) int {
		return cmp.Or(b.Entries-a.Entries, strings.Compare(a.File, b.File), strings.Compare(a.Name, b.Name))
	})
	return entered, nil
}

// Sum returns how many entries the functions have together.
func Sum(functions []Function) (n int) {
	for _, f := range functions {
		n += f.Entries
	}
	return n
}

// A position is a line and a column.
type position struct{ line, column int }

// blocks returns the counts of a profile by file and by where a block begins.
func blocks(profile io.Reader) (map[string]map[position]int, error) {
	counts := map[string]map[position]int{}
	for lines := bufio.NewScanner(profile); ; {
		if !lines.Scan() {
			return counts, lines.Err()
		}
		line := lines.Text()
		if strings.HasPrefix(line, "mode:") {
			continue
		}
		// name.go:line.column,line.column statements count
		name, rest, ok := cutLast(line, ":")
		fields := strings.Fields(rest)
		if !ok || len(fields) != 3 {
			return nil, fmt.Errorf("coverage profile: %q", line)
		}
		var begin, end position
		if _, err := fmt.Sscanf(fields[0], "%d.%d,%d.%d", &begin.line, &begin.column, &end.line, &end.column); err != nil {
			return nil, fmt.Errorf("coverage profile: %q: %w", line, err)
		}
		count, err := strconv.Atoi(fields[2])
		if err != nil {
			return nil, fmt.Errorf("coverage profile: %q: %w", line, err)
		}
		if counts[name] == nil {
			counts[name] = map[position]int{}
		}
		counts[name][begin] = count
	}
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func (p position) before(q position) bool {
	return p.line < q.line || p.line == q.line && p.column < q.column
}

// A body is that of a function.
type body struct {
	name       string
	begin, end position // its braces
}

// firstBlock returns where the first block of the body begins. An empty one has none.
func (b body) firstBlock(counts map[position]int) (first position, ok bool) {
	for at := range counts {
		if !at.before(b.begin) && at.before(b.end) && (!ok || at.before(first)) {
			first, ok = at, true
		}
	}
	return first, ok
}

func bodiesOf(name string, src []byte) ([]body, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var bodies []body
	add := func(name string, block *ast.BlockStmt) {
		begin, end := fset.Position(block.Lbrace), fset.Position(block.Rbrace)
		if begin.Line == end.Line {
			return
		}
		bodies = append(bodies, body{name, position{begin.Line, begin.Column}, position{end.Line, end.Column}})
	}
	for _, decl := range file.Decls {
		around := path.Base(name)
		if fn, ok := decl.(*ast.FuncDecl); ok {
			if around = functionName(fn); fn.Body != nil {
				add(around, fn.Body)
			}
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if lit, ok := n.(*ast.FuncLit); ok {
				add(fmt.Sprintf("%s, literal in line %d", around, fset.Position(lit.Pos()).Line), lit.Body)
			}
			return true
		})
	}
	return bodies, nil
}

func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	receiver := fn.Recv.List[0].Type
	if pointer, ok := receiver.(*ast.StarExpr); ok {
		receiver = pointer.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	if id, ok := receiver.(*ast.Ident); ok {
		return id.Name + "." + fn.Name.Name
	}
	return fn.Name.Name
}

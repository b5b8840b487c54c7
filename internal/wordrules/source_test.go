package wordrules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/wordrules"
)

func TestWordRulesCatch(t *testing.T) {
	tests := []struct{ name, text, found string }{
		{"word", "It waits for nobody.", "1:nobody"},
		{"word at the start of a sentence", "\n\nNobody waits.", "3:nobody"},
		{"word in capitals", "NOBODY", "1:nobody"},
		{"part of another word", "allowed, followed, and overstashed", ""},
		{"part of a name", "func tellUntold() {}", "1:untold"},
		{"first part of a name", "untoldCalls", "1:untold"},
		{"part of an exported name", "HTTPUntoldX", "1:untold"},
		{"part of a name with underscores", "owed_replies", "1:owed"},
		{"in a string", "`\"somebody\"`", "1:somebody"},
		{"phrase", "It has to be mended.", "1:has to be mended"},
		{"phrase with another word in it", "It has not to be mended.", ""},
		{"phrase at the end of a sentence and the start of the next", "of let. Through", ""},
		{"phrase over two lines of a document", "ends by\nitself", "1:ends by itself"},
		{"phrase over two lines of a comment", "// who is let\n// through here", "1:let through"},
		{"phrase over two lines of an indented comment", "\t// we have\n\t// had", "1:have had"},
		{"two in one text", "nobody\nnobody", "1:nobody 2:nobody"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			check(t, wordrules.FindWords("a.go", test.text, wordrules.Words()), test.found)
		})
	}
}

func TestIdentifierRulesCatch(t *testing.T) {
	tests := []struct{ name, src, found string }{
		{"variable", "var host int", "2:host"},
		{"constant", "const left = 1", "2:left"},
		{"type", "type round struct{}", "2:round"},
		{"exported", "type Round struct{}", "2:round"},
		{"function", "func over() {}", "2:over"},
		{"method", "func (t T) pass() {}", "2:pass"},
		{"receiver", "func (host T) f() {}", "2:host"},
		{"field", "type t struct{ a, early int }", "2:early"},
		{"method of an interface", "type t interface{ told() }", "2:told"},
		{"parameter", "func f(pace int) {}", "2:pace"},
		{"result", "func f() (attempt int) { return }", "2:attempt"},
		{"type parameter", "func f[host any]() {}", "2:host"},
		{"local variable", "func f() { var gate int; _ = gate }", "2:gate"},
		{"short declaration", "func f() { a, gate := 1, 2; _, _ = a, gate }", "2:gate"},
		{"in a loop", "func f() { for lower, raise := range m {} }", "2:lower 2:raise"},
		{"label", "func f() { over: for { break over } }", "2:over"},
		{"import", `import quiet "fmt"`, "2:quiet"},
		{"part of a name", "var hostPort, leftover, roundTrip int", ""},
		{"use of another package's", "func f() { x.left = time.Round; x.over() }", ""},
		{"key of another package's", "var _ = x.T{left: 1}", ""},
		{"comment and string", `var a = "host" // the host`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			uses, err := wordrules.FindIdentifiers("a.go", []byte("package a\n"+test.src), wordrules.Identifiers())
			if err != nil {
				t.Fatal(err)
			}
			check(t, uses, test.found)
		})
	}
}

// check compares uses with lines and words.
func check(t *testing.T, uses []wordrules.Use, want string) {
	t.Helper()
	var got []string
	for _, use := range uses {
		got = append(got, fmt.Sprintf("%d:%s", use.Line, use.Word))
	}
	if strings.Join(got, " ") != want {
		t.Errorf("%v, want %q", got, want)
	}
}

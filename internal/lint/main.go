// Command lint holds the linters that go vet and staticcheck do not have, and their settings. make lint hands it to go vet,
// which does not ask again about a package that has not changed:
//
//	go vet -vettool=lint ./...
//
// It is a module of its own, whose go.mod also names misspell and actionlint: what a linter needs is no concern of the
// library's users.
package main

import (
	"fmt"
	"os"
	"strings"

	"codeberg.org/polyfloyd/go-errorlint/errorlint"
	"github.com/nishanths/exhaustive/passes/exhaustive"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"
)

func main() {
	compared := errorlint.NewAnalyzer()
	for _, s := range []setting{
		// Enums of others grow without us. A default excuses no value of ours, because it would hide the next one. Tables are not
		// checked: a map that begins empty would count as one that lacks everything.
		{exhaustive.Analyzer, "typeonly", `^github\.com/entraredis/entraredis/`},
		// These are vocabularies: what commands, replies and awaited replies there are. A switch picks the few that mean something
		// to it, and all others, new ones too, are ordinary there.
		{exhaustive.Analyzer, "constignore", `/internal/resp\.`},
		{exhaustive.Analyzer, "constignore", `/internal/session\.await`},
		// An error that is only text to its caller cannot be matched.
		{compared, "errorf", "true"},
	} {
		if err := s.analyzer.Flags.Set(s.flag, s.value); err != nil {
			fmt.Fprintf(os.Stderr, "lint: %s -%s=%s: %v\n", s.analyzer.Name, s.flag, s.value, err)
			os.Exit(2)
		}
	}
	unitchecker.Main(outsideTests(exhaustive.Analyzer), outsideTests(compared))
}

// A setting is a flag of an analyzer that is not at its default.
type setting struct {
	analyzer    *analysis.Analyzer
	flag, value string
}

// outsideTests returns an analyzer that says nothing of test files. Clients compare what a connection returns with == and by type
// assertions, so a test does too where the very error must arrive: errors.Is would not see that it does not. A test that
// picks or counts values of an enum means these values.
func outsideTests(a *analysis.Analyzer) *analysis.Analyzer {
	wrapped := *a
	wrapped.Run = func(pass *analysis.Pass) (any, error) {
		quiet, report := *pass, pass.Report
		quiet.Report = func(d analysis.Diagnostic) {
			if !strings.HasSuffix(pass.Fset.Position(d.Pos).Filename, "_test.go") {
				report(d)
			}
		}
		return a.Run(&quiet)
	}
	return &wrapped
}

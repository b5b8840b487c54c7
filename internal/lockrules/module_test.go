package lockrules_test

import (
	"slices"
	"testing"

	"github.com/entraredis/entraredis/internal/lockrules"
	"github.com/entraredis/entraredis/internal/typecheck"
)

func TestFieldsAreUsedUnderTheirLocks(t *testing.T) {
	packages, err := typecheck.Load(".", "../../core/...", "../../adapters/...", "../../otel/...", "../../internal/...")
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 10 {
		t.Fatalf("go list knows %d packages, so hardly anything was checked", len(packages))
	}
	var excepted []string
	for _, e := range exceptions() {
		excepted = append(excepted, e.functions...)
	}
	needed := map[string]bool{}
	for _, p := range packages {
		for _, v := range append(lockrules.Check(p), lockrules.CheckComments(p)...) {
			needed[v.Func] = true
			if !slices.Contains(excepted, v.Func) {
				t.Error(v)
			}
		}
	}
	for _, name := range excepted {
		if !needed[name] {
			t.Errorf("%s keeps the rules, or is gone: delete the exception", name)
		}
	}
	if t.Failed() {
		t.Log("internal/lockrules/doc.go has the rules, and says what to do where a message does not help")
	}
}

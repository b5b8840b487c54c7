package namerules_test

import (
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/namerules"
	"github.com/entraredis/entraredis/internal/typecheck"
)

func TestNameRulesCatch(t *testing.T) {
	tests := []struct {
		name, src string
		ambiguous string // separated by spaces
	}{
		{"field and field", `type a struct{ end int }; type b struct{ end bool }`, "end"},
		{"fields of one type", `type a struct{ end int }; type b struct{ end int }`, ""},
		{"function and local variable", `func window() int { return 1 }; func other() { window := window(); _ = window }`, "window"},
		{"method and parameter", `type a int; func (a) left() {}; func other(left bool) {}`, "left"},
		{"method and result", `type a int; func (a) left() {}; func other() (left bool) { return }`, "left"},
		{"constant and field", `type state int; const sent state = 1; type a struct{ sent bool }`, "sent"},
		{"constant in a function", `const limit = 1 << 10; func other() { const limit = "x"; _ = limit }`, "limit"},
		{"methods of one signature", `type a int; type b int; func (a) Close() error { return nil }; func (b) Close() error { return nil }`, ""},
		{"methods whose parameters are called differently", `type a int; type b int; func (a) add(n int) {}; func (b) add(count int) {}`, ""},
		{"methods of two signatures", `type a int; type b int; func (a) take() int { return 0 }; func (b) take() {}`, "take"},
		{"type and its variable", `type ledger struct{}; type a struct{ ledger ledger; other *ledger }`, ""},
		{"value and pointer", `type thing int; type a struct{ first thing }; func other(first *thing) {}`, ""},
		{"local variables alone", `func other() { end := 1; _ = end; { end := true; _ = end } }`, ""},
		{"one letter", `type a struct{ n int }; type b struct{ n bool }`, ""},
		{"receiver", `type tap struct{ self int }; func (self *tap) f() {}`, ""},
		{"err, ok and ctx", `type fault struct{ err string; ok int; ctx bool }; func other() (err error, ok bool, ctx int) { return }`, ""},
		{"label", `type a struct{ again bool }; func other() { again: for { break again } }`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := typecheck.Source("p", "package p\n"+test.src)
			if err != nil {
				t.Fatal(err)
			}
			_, ambiguous := namerules.Ambiguous([]*typecheck.Package{p})
			var got []string
			for _, name := range ambiguous {
				got = append(got, name.Name)
			}
			if strings.Join(got, " ") != test.ambiguous {
				t.Errorf("%v, want %q", ambiguous, test.ambiguous)
			}
		})
	}
}

// The packages of one room share their words.
func TestPackagesShareTheirNames(t *testing.T) {
	var packages []*typecheck.Package
	for _, src := range []string{"package p; type _ struct{ end int }", "package p; type _ struct{ end bool }"} {
		p, err := typecheck.Source("p", src)
		if err != nil {
			t.Fatal(err)
		}
		if _, alone := namerules.Ambiguous([]*typecheck.Package{p}); len(alone) > 0 {
			t.Errorf("alone: %v", alone)
		}
		packages = append(packages, p)
	}
	declared, ambiguous := namerules.Ambiguous(packages)
	if declared != 1 || len(ambiguous) != 1 {
		t.Errorf("%d names, %v; want end to stand for two things", declared, ambiguous)
	}
}

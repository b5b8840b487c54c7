package namerules_test

import (
	"slices"
	"testing"

	"github.com/entraredis/entraredis/internal/namerules"
	"github.com/entraredis/entraredis/internal/typecheck"
)

func TestNamesOfTheConnectionStandForOneThing(t *testing.T) {
	packages, err := typecheck.Load(".", "../../core/entraconn/...")
	if err != nil {
		t.Fatal(err)
	}
	declared, ambiguous := namerules.Ambiguous(packages)
	t.Logf("%d of %d names stand for two things or more", len(ambiguous), declared)
	if len(ambiguous)*100 > mostShare*declared {
		t.Errorf("%d of %d names stand for two things, want %d of 100 at most: find other names for some of the exceptions",
			len(ambiguous), declared, mostShare)
	}
	var excepted []string
	for _, e := range exceptions() {
		excepted = append(excepted, e.names...)
	}
	needed := map[string]bool{}
	for _, name := range ambiguous {
		needed[name.Name] = true
		if !slices.Contains(excepted, name.Name) {
			t.Error(name)
		}
	}
	for _, name := range excepted {
		if !needed[name] {
			t.Errorf("%s stands for one thing, or is gone: delete the exception", name)
		}
	}
}

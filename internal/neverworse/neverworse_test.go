package neverworse_test

import (
	"flag"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/entraredis/entraredis/internal/neverworse/twin"
)

var update = flag.Bool("update", false, "write docs/never-worse.md")

func TestNeverWorseThanAPassword(t *testing.T) {
	twin.Silence()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // what is alive is little, and there is much garbage
	var rows []row
	for _, f := range faults() {
		for _, l := range twin.Libraries() {
			rows = append(rows, row{fault: f.name, library: l.Name})
		}
	}
	t.Run("faults", func(t *testing.T) {
		for i, f := range faults() {
			for j, l := range twin.Libraries() {
				t.Run(f.name+"/"+l.Name, func(t *testing.T) {
					t.Parallel()
					r := measure(t, l, f)
					rows[i*len(twin.Libraries())+j] = r
					t.Log(r.line())
				})
			}
		}
	})
	whole := true
	for _, r := range rows {
		if r.runs < runs { // the others were chosen with -run, or it failed
			whole = false
			continue
		}
		switch missed := len(r.missed()) > 0; {
		case missed && !r.known:
			t.Error(r)
		case !missed && r.known:
			t.Errorf("%s, %s: ours keeps all bounds now: delete it in unmet_test.go, and run make never-worse", r.fault, r.library)
		case missed:
			t.Logf("not met yet: %v", r)
		}
	}
	for name, of := range unmet() {
		for _, library := range of {
			if !slices.ContainsFunc(rows, func(r row) bool { return r.fault == name && r.library == library }) {
				t.Errorf("unmet_test.go names a row that is not there: %s, %s", name, library)
			}
		}
	}
	if whole {
		checkPage(t, rows)
	}
}

// measure runs a fault several times.
func measure(t *testing.T, l twin.Library, f fault) row {
	r := row{fault: f.name, library: l.Name, callers: newSide(f, nil).callers, known: slices.Contains(unmet()[f.name], l.Name)}
	var struck []int
	for seed := range uint64(runs) {
		plain, ours, hits := run(t, l, f, seed)
		r.runs++
		r.plain.add(plain)
		r.ours.add(ours)
		struck = append(struck, make([]int, max(0, len(hits)-len(struck)))...)
		for i, n := range hits {
			struck[i] += n
		}
	}
	if i := slices.Index(struck, 0); i >= 0 {
		t.Errorf("fault %d of %d never struck, so nothing was tested", i+1, len(struck))
	}
	return r
}

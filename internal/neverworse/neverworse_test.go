package neverworse_test

import (
	"flag"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/entraredis/entraredis/internal/neverworse/twin"
)

var (
	update = flag.Bool("update", false, "write docs/never-worse.md")
	runs   = flag.Int("runs", 5, "how many runs of a fault are added up; those of the page are five")
	seed   = flag.Uint64("seed", 0, "of the first run")
	whole  = flag.Bool("whole", false, "call for the whole minute that follows a fault, also after the recovery")
)

// pageRuns is how many runs the page adds up.
const pageRuns = 5

func TestNeverWorseThanAPassword(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of callers in each of 69 rows: make test plays them, and the tests of core/entraconn play some")
	}
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
	complete := true
	for _, r := range rows {
		if r.runs < *runs { // the others were chosen with -run, or it failed
			complete = false
			continue
		}
		switch missed := len(r.missed()) > 0; {
		case missed && !r.known:
			t.Error(r)
		case !missed && r.known && *runs >= pageRuns:
			t.Errorf("%s, %s: ours keeps all bounds now: delete it in unmet_test.go, and run make never-worse", r.fault, r.library)
		case missed:
			t.Logf("not met: %v", r)
		}
	}
	for _, u := range unmet() {
		for _, library := range u.libraries {
			if !slices.ContainsFunc(rows, func(r row) bool { return r.fault == u.fault && r.library == library }) {
				t.Errorf("unmet_test.go names a row that is not there: %s, %s", u.fault, library)
			}
		}
	}
	if complete {
		checkPage(t, rows)
	}
}

// isUnmet reports whether unmet_test.go says that a library does not keep all bounds.
func isUnmet(fault, library string) bool {
	return slices.ContainsFunc(unmet(), func(u unmetFault) bool { return u.fault == fault && slices.Contains(u.libraries, library) })
}

// measure runs a fault several times.
func measure(t *testing.T, l twin.Library, f fault) row {
	usual := newSide(f, nil)
	r := row{fault: f.name, library: l.Name, callers: usual.callers, pace: usual.pace, known: isUnmet(f.name, l.Name)}
	var struck []int
	for i := range uint64(*runs) {
		plain, ours, hits := run(t, l, f, *seed+i)
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

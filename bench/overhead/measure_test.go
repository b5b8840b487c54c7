package overhead

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/bench/internal/stats"
)

func TestMain(m *testing.M) {
	if !Serve() {
		m.Run()
	}
}

func TestEveryComparisonRuns(t *testing.T) {
	p := plan{Slice: 2 * time.Millisecond, Quads: 1, Fewest: 2}
	r, err := p.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range slices.Concat(r.Cells, r.Same, r.Between) {
		if cell.Base.Rate == 0 || cell.Ours.Rate == 0 || cell.Rounds != 2 || cell.Slices != 4 {
			t.Errorf("%+v", cell)
		}
	}
	section, err := r.Section()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range workloads() {
		if n := strings.Count(section.Body, "| redigo, "+w.name+" |"); n < 2 {
			t.Errorf("%s is %d times in the tables, not with and without TLS", w.name, n)
		}
	}
}

// What is slower than it should be is called so.
func TestMissedGoalsAreNamed(t *testing.T) {
	cell := func(name string, ratio float64) Cell {
		return Cell{Library: name, Goal: 0.01, Rate: stats.Interval{Median: ratio, Low: ratio - 0.001, High: ratio + 0.001}}
	}
	r := &Result{Cells: []Cell{cell("fine", 1), cell("slow", 0.9)}}
	section, err := r.Section()
	if err != nil {
		t.Fatal(err)
	}
	_, missed, found := strings.Cut(section.Body, "It is missed by:")
	if !found || !strings.Contains(missed, "slow") || strings.Contains(missed[:strings.Index(missed, "Where the time")], "fine") || !strings.Contains(section.Body, "**missed**") {
		t.Error(section.Body)
	}
}

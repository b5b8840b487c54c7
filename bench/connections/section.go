package connections

import (
	"fmt"
	"time"

	"github.com/entraredis/entraredis/bench/internal/chart"
	"github.com/entraredis/entraredis/bench/internal/report"
)

// Section says what many connections cost.
func (r *Result) Section() (report.Section, error) {
	s := report.Section{Title: "Ten thousand connections"}
	t := report.Table{Head: []string{""}}
	rows := [][]string{
		{"connections"}, {"a token lives"}, {"heap of a connection"}, {"goroutines for all of them together, at most"},
		{"AUTHs on open connections"}, {"connections dialed in addition"}, {"from the first AUTH to the last"},
		{fmt.Sprintf("busiest of %d equal parts of that ÷ mean (goal: 1.2)", slots)}, {"farthest from an even rate, of all AUTHs"},
		{"processor for an AUTH, kernel included"}, {"of one core, in the rotation"}, {"AUTHs in the last tenth of the old token's life"},
		{"connections lost to expiry"}, {"commands failed"},
	}
	for _, w := range r.Ways {
		t.Head = append(t.Head, w.Name)
		each, core := w.processor()
		for i, cell := range []string{
			fmt.Sprint(w.Conns), w.Life.String(), fmt.Sprintf("%.0f bytes", w.Heap), fmt.Sprint(w.Goroutines),
			fmt.Sprint(w.Auths), fmt.Sprint(w.Redialed), w.Spread.Window.Round(10 * time.Millisecond).String(),
			fmt.Sprintf("%.2f", w.Spread.Ratio()), fmt.Sprintf("%.1f %%", 100*w.Spread.Deviation), each, core, w.late(),
			fmt.Sprint(w.Lost), fmt.Sprint(w.Failed),
		} {
			rows[i] = append(rows[i], cell)
		}
	}
	t.Rows = rows
	s.Body = fmt.Sprintf(`Connections of one process, over sockets, to a server in another process that answers at once and closes a connection when
its token expires. It also says when AUTHs arrive. Those of entraconn alone are idle through a whole rotation. Those of
go-redis lie in its pool until shortly before the token expires: then all of them are wanted at once. Tokens live for
seconds and not for an hour, so that a rotation is over in seconds; with an hour it takes ten minutes, at a rate that much
lower. A connection without us takes %.0f bytes of the heap; go-redis adds its buffers.

%s
Not here is rueidis, which sends commands over few connections: each of its own has buffers of 1 MiB.

![When the connections get their newer token](benchmarks/connections.svg)
`, r.Bare, t)
	if len(r.Ways) == 0 || len(r.Ways[0].Spread.Slots) == 0 {
		return s, nil
	}
	svg, err := r.Ways[0].chart().SVG()
	s.Charts = []report.Chart{{Name: "connections", SVG: svg}}
	return s, err
}

// late says how many AUTHs came too late.
func (w *Way) late() string {
	if w.Late == 0 {
		return "0"
	}
	return fmt.Sprintf("%d, by %v at most", w.Late, w.LateBy.Round(100*time.Microsecond))
}

// processor says what of the processor the rotation took.
func (w *Way) processor() (each, core string) {
	if w.CPU == 0 || w.Auths == 0 {
		return "not measured", "not measured"
	}
	used := max(0, w.CPU-w.Idle)
	return fmt.Sprintf("%.0f µs", float64(used)/float64(time.Microsecond)/float64(w.Auths)),
		fmt.Sprintf("%.1f %%", 100*used.Seconds()/w.Spread.Window.Seconds())
}

func (w *Way) chart() chart.Lines {
	auths, even := chart.Line{Name: "AUTHs"}, chart.Line{Name: "even"}
	for i := range len(w.Spread.Slots) + 1 {
		at := w.Spread.Window.Seconds() * float64(i) / float64(len(w.Spread.Slots))
		auths.Points = append(auths.Points, chart.Point{X: at, Y: float64(w.Spread.Slots[min(i, len(w.Spread.Slots)-1)])})
		even.Points = append(even.Points, chart.Point{X: at, Y: w.Spread.mean()})
	}
	return chart.Lines{
		Title: fmt.Sprintf("%d connections get a newer token", w.Conns), X: "seconds",
		Y: fmt.Sprintf("AUTHs in 1/%d of the window", len(w.Spread.Slots)), Steps: true, Series: []chart.Line{auths, even},
	}
}

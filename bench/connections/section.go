package connections

import (
	"fmt"
	"slices"
	"time"

	"github.com/entraredis/entraredis/bench/internal/chart"
	"github.com/entraredis/entraredis/bench/internal/report"
)

// Section says what many connections cost.
func (r *Result) Section() (report.Section, error) {
	mean := float64(sum(r.Slots)) / float64(len(r.Slots))
	peak := float64(slices.Max(r.Slots))
	used := max(0, r.CPU-r.Idle)
	t := report.Table{Head: []string{"", ""}, Rows: [][]string{
		{"heap of a connection without us", fmt.Sprintf("%.0f bytes", r.Bare)},
		{"with us", fmt.Sprintf("%.0f bytes", r.Heap)},
		{"goroutines of ours, at most, for all connections together", fmt.Sprint(r.Goroutines)},
		{"the rotation took", r.Window.Round(10 * time.Millisecond).String()},
		{"AUTHs a second", fmt.Sprintf("%.0f", float64(sum(r.Slots))/r.Window.Seconds())},
		{fmt.Sprintf("busiest of %d equal parts ÷ mean (goal: 1.2)", len(r.Slots)), fmt.Sprintf("%.2f", peak/mean)},
		{"processor for an AUTH, kernel included", micro(used / time.Duration(max(1, sum(r.Slots))))},
		{"of one core, in the rotation", fmt.Sprintf("%.1f %%", 100*used.Seconds()/r.Window.Seconds())},
		{"connections that got the new token late", fmt.Sprint(r.Late)},
		{"connections lost", fmt.Sprint(r.Lost)},
	}}
	line := chart.Line{Name: "AUTHs"}
	even := chart.Line{Name: "even"}
	for i, n := range r.Slots {
		at := r.Window.Seconds() * float64(i) / float64(len(r.Slots))
		line.Points = append(line.Points, chart.Point{X: at, Y: float64(n)})
		even.Points = append(even.Points, chart.Point{X: at, Y: mean})
	}
	svg, err := chart.Lines{
		Title: fmt.Sprintf("%d connections get a newer token", r.Conns), X: "seconds", Y: fmt.Sprintf("AUTHs in 1/%d of the window", len(r.Slots)),
		Steps: true, Series: []chart.Line{line, even},
	}.SVG()
	return report.Section{
		Title: "Ten thousand connections",
		Body: fmt.Sprintf(`%d connections of one process, over sockets, logged in and idle, to a server in another process that answers AUTH at once.
Tokens live for %v, so that a rotation is over in seconds instead of ten minutes.

%s
![When the connections get their newer token](benchmarks/connections.svg)
`, r.Conns, r.Life, t),
		Charts: []report.Chart{{Name: "connections", SVG: svg}},
	}, err
}

func sum(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

func micro(d time.Duration) string {
	return fmt.Sprintf("%.0f µs", float64(d)/float64(time.Microsecond))
}

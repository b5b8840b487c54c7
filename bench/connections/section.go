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
seconds and not for an hour, so that a rotation is over in seconds.

%s
A connection without us takes %.0f bytes of the heap; go-redis adds its buffers. An AUTH written and its answer read without
us, at the same pace, take %.0f µs of the processor: most of it is the kernel's, and waking up.%s Not here is rueidis, which sends
commands over few connections: each of its own has buffers of 1 MiB.

![When the connections get their newer token](benchmarks/connections.svg)

![AUTHs of both pools](benchmarks/connections-pool.svg)
`, t, r.Bare, micro(r.Auth), r.anHour())
	if len(r.Ways) == 0 {
		return s, nil
	}
	for _, c := range []struct {
		name  string
		lines chart.Lines
	}{
		{"connections", rates(fmt.Sprintf("%d connections get a newer token", r.Ways[0].Conns), r.Ways[:1])},
		{"connections-pool", rates(fmt.Sprintf("%d connections in a pool get a newer token", r.Ways[len(r.Ways)-1].Conns), r.Ways[1:])},
	} {
		svg, err := c.lines.SVG()
		if err != nil {
			return s, err
		}
		s.Charts = append(s.Charts, report.Chart{Name: c.name, SVG: svg})
	}
	return s, nil
}

// anHour says what the rotation would take if it had the ten minutes that it has when tokens live for an hour.
func (r *Result) anHour() string {
	if len(r.Ways) == 0 || r.Ways[0].CPU == 0 {
		return ""
	}
	w := r.Ways[0]
	const window = 10 * time.Minute
	return fmt.Sprintf(` With
tokens of an hour a rotation has ten minutes: %d × %.0f µs are then %.2f %% of one core.`,
		w.Auths, micro(w.each()), 100*float64(w.each())*float64(w.Auths)/float64(window))
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
	return fmt.Sprintf("%.0f µs", micro(w.each())), fmt.Sprintf("%.1f %%", 100*float64(w.each())*float64(w.Auths)/float64(w.Spread.Window))
}

// each returns what of the processor an AUTH took.
func (w *Way) each() time.Duration { return max(0, w.CPU-w.Idle) / time.Duration(max(1, w.Auths)) }

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// rates draws how many AUTHs came a second.
func rates(title string, ways []Way) chart.Lines {
	lines := chart.Lines{Title: title, X: "seconds since the first AUTH", Y: "AUTHs a second", Steps: true}
	for _, w := range ways {
		line := chart.Line{Name: w.Name}
		width := w.Spread.Window.Seconds() / slots
		for i, n := range w.Spread.Slots {
			y := float64(n) / width
			line.Points = append(line.Points, chart.Point{X: float64(i) * width, Y: y}, chart.Point{X: float64(i+1) * width, Y: y})
		}
		lines.Series = append(lines.Series, line)
	}
	return lines
}

package rotation

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/entraredis/entraredis/bench/internal/chart"
	"github.com/entraredis/entraredis/bench/internal/peers"
	"github.com/entraredis/entraredis/bench/internal/report"
	"github.com/entraredis/entraredis/bench/internal/stats"
)

// Section says what callers notice.
func (r *Result) Section() (report.Section, error) {
	s := report.Section{Title: "Rotation under load"}
	var b strings.Builder
	fmt.Fprintf(&b, `Tokens that live for %v, so that there is a newer one in every second, in front of a gateway that closes a connection
when its token expires, as Azure does. The client has %d connections (rueidis: 64 pipes), whose users send a command each at
the same moment, %d commands in a second. It listens with %d subscribers to a message every 10 ms, and has %d calls of BLPOP open,
each of which waits for longer than a token lives. A real day has 24 such rotations or so; here are as many in half a minute.

Latency counts from when a command was to be sent. Its percentiles are those of each second, in which there is one rotation.
They are divided by those of a second of the same way with a token that lives for a day, in turns of three seconds:
shown is the median of the ratios, with the interval in which the true one lies with a confidence of 95 %%.
Milliseconds are medians of the seconds, and the slowest command of all; steady in parentheses. Dials are those beyond the ones
of the start. Each AUTH takes the server its time as well.

`, r.Life, r.Conns, r.PerSecond, r.Subscribers, r.Blocked)
	t := report.Table{Head: []string{
		"", "errors / commands", "lost / messages", "broken / blocking calls", "dials", "AUTHs/s", "p50 ÷ steady", "p99.9 ÷ steady", "p99.9", "slowest",
	}}
	bars := chart.Bars{Title: "Latency in rotation, p99.9, divided by steady", X: "times", Goals: []float64{1.1}}
	for _, w := range r.Ways {
		t.Rows = append(t.Rows, []string{
			w.label(), of(w.Errors, w.Commands), of(w.Lost, w.Messages), of(w.Broken, w.Pops), fmt.Sprint(w.Dials), fmt.Sprintf("%.0f", w.Auths),
			times(w.P50), times(w.P999), both(w.Latency.P999, w.Steady.P999), both(w.Latency.Max, w.Steady.Max),
		})
		group := 1
		if w.Name == peers.Ours {
			group = 0
		}
		bars.Bars = append(bars.Bars, chart.Bar{Name: w.Library + ", " + w.Name, Value: w.P999.Median, Group: group})
	}
	b.WriteString(t.String())
	b.WriteString("\n![Latency in rotation, divided by steady](benchmarks/rotation.svg)\n")
	svg, err := bars.SVG()
	s.Body, s.Charts = b.String(), []report.Chart{{Name: "rotation", SVG: svg}}
	return s, err
}

func (w Way) label() string {
	if w.Name == peers.Ours {
		return "**" + w.Library + ", " + w.Name + "**"
	}
	return w.Library + ", " + w.Name
}

func of(part, all int) string { return fmt.Sprintf("%d / %d", part, all) }

// times writes a ratio, and its interval if there is one.
func times(i stats.Interval) string {
	if math.IsInf(i.Low, 0) || math.IsInf(i.High, 0) {
		return fmt.Sprintf("%.2f", i.Median)
	}
	return fmt.Sprintf("%.2f (%.2f … %.2f)", i.Median, i.Low, i.High)
}

func both(rotation, steady time.Duration) string {
	milli := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return fmt.Sprintf("%.1f ms (%.1f)", milli(rotation), milli(steady))
}

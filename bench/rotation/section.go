package rotation

import (
	"fmt"
	"strings"
	"time"

	"github.com/entraredis/entraredis/bench/internal/chart"
	"github.com/entraredis/entraredis/bench/internal/peers"
	"github.com/entraredis/entraredis/bench/internal/report"
)

// Section says what callers notice.
func (r *Result) Section() (report.Section, error) {
	s := report.Section{Title: "Rotation under load"}
	var b strings.Builder
	fmt.Fprintf(&b, `Tokens that live for %v, so that there is a newer one in every second, in front of a gateway that closes a connection
when its token expires, as Azure does. The client has %d connections (rueidis: 64 pipes), whose users send a command each at
the same moment, %d commands in a second. It listens with %d subscribers to a message every 10 ms, and has %d calls of BLPOP open,
each of which waits for longer than a token lives. A real day has 24 such rotations or so; here are as many in 24 seconds.

Latency counts from when a command was to be sent. It is divided by that of the same way with a token that lives for a day,
measured in turns. Dials are those beyond the ones of the start. Each AUTH takes the server its time as well.

`, r.Life, r.Conns, r.PerSecond, r.Subscribers, r.Blocked)
	t := report.Table{Head: []string{
		"", "errors / commands", "lost / messages", "broken / blocking calls", "dials", "AUTHs/s", "p50 ÷ steady", "p99.9 ÷ steady", "p99.9", "steady",
	}}
	bars := chart.Bars{Title: "Latency in rotation, p99.9, divided by steady", X: "times", Goals: []float64{1.1}}
	for _, w := range r.Ways {
		t.Rows = append(t.Rows, []string{
			w.label(), of(w.Errors, w.Commands), of(w.Lost, w.Messages), of(w.Broken, w.Pops), fmt.Sprint(w.Dials), fmt.Sprintf("%.0f", w.Auths),
			times(w.Latency.P50, w.Steady.P50), times(w.Latency.P999, w.Steady.P999), milli(w.Latency.P999), milli(w.Steady.P999),
		})
		group := 1
		if w.Name == peers.Ours {
			group = 0
		}
		bars.Bars = append(bars.Bars, chart.Bar{Name: w.Host + ", " + w.Name, Value: float64(w.Latency.P999) / float64(w.Steady.P999), Group: group})
	}
	b.WriteString(t.String())
	b.WriteString("\n![Latency in rotation, divided by steady](benchmarks/rotation.svg)\n")
	svg, err := bars.SVG()
	s.Body, s.Charts = b.String(), []report.Chart{{Name: "rotation", SVG: svg}}
	return s, err
}

func (w Way) label() string {
	if w.Name == peers.Ours {
		return "**" + w.Host + ", " + w.Name + "**"
	}
	return w.Host + ", " + w.Name
}

func of(part, all int) string { return fmt.Sprintf("%d / %d", part, all) }

func times(a, b time.Duration) string { return fmt.Sprintf("%.2f", float64(a)/float64(b)) }

func milli(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

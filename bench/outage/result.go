// Package outage measures what callers notice while Entra is unreachable, in virtual time.
package outage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entraredis/entraredis/bench/internal/chart"
	"github.com/entraredis/entraredis/bench/internal/peers"
	"github.com/entraredis/entraredis/bench/internal/report"
	"github.com/entraredis/entraredis/bench/internal/virtual"
)

// A Result is what was measured.
type Result struct {
	Life  time.Duration // of a token
	Cases []Case
}

// A Case is one way in one outage, from its beginning until 20 minutes after its end.
type Case struct {
	Library, Name string
	Outage        string
	Away          time.Duration
	LeftAtEnd     time.Duration // what the token had left when Entra came back; negative: expired before
	Commands      int
	Failed        int
	FailedFor     time.Duration // from the first failure to the last
	Recovery      time.Duration // from Entra's return to the last failure; 0 if none came later
	Requests      int           // to Entra while it was away
	Messages      int
	Lost          int
}

// Measure runs the outages. They take seconds, because time is virtual.
func Measure(ctx context.Context, quick bool) (*Result, error) {
	r := &Result{}
	return r, virtual.Run(ctx, "./outage", "TestOutages", quick, r)
}

// Section says what callers notice.
func (r *Result) Section() (report.Section, error) {
	s := report.Section{Title: "Entra away"}
	var b strings.Builder
	fmt.Fprintf(&b, `Tokens of %v, real clients, a gateway that closes connections when their token expires, and virtual time. Entra goes away at
the worst moment, when the token is to be renewed: for 2 minutes, for 10, and until 10 minutes after the token has expired.
Four goroutines send a command each in every second, and a subscriber listens to a message in every second. What is counted is
from the beginning of the outage until 20 minutes after its end.

A token that has expired is of no use to anybody, so in the longest outage every way fails for at least ten minutes. What
differs is what comes before and after. Ours waits up to five seconds for a token before it says so, hence fewer commands
fail in the same time.

`, r.Life)
	bars := chart.Bars{Title: "Commands that failed around an outage", X: "commands"}
	for _, outage := range r.outages() {
		t := report.Table{Head: []string{"", "commands failed", "for", "last one after Entra's return", "messages lost", "requests to Entra, meanwhile"}}
		for _, c := range r.Cases {
			if c.Outage != outage {
				continue
			}
			name, group := c.Library+", "+c.Name, 1
			if c.Name == peers.Ours {
				group = 0
			}
			bars.Bars = append(bars.Bars, chart.Bar{Name: name + ", " + outage, Value: float64(c.Failed), Group: group})
			if group == 0 {
				name = "**" + name + "**"
			}
			t.Rows = append(t.Rows, []string{
				name, fmt.Sprintf("%d / %d", c.Failed, c.Commands), short(c.FailedFor), short(c.Recovery), fmt.Sprintf("%d / %d", c.Lost, c.Messages),
				fmt.Sprint(c.Requests),
			})
		}
		fmt.Fprintf(&b, "### %s\n\n%s\n", outage, t)
	}
	b.WriteString("![Commands that failed around an outage](benchmarks/outage.svg)\n")
	svg, err := bars.SVG()
	s.Body, s.Charts = b.String(), []report.Chart{{Name: "outage", SVG: svg}}
	return s, err
}

// outages returns which there were.
func (r *Result) outages() (all []string) {
	for _, c := range r.Cases {
		if !slices.Contains(all, c.Outage) {
			all = append(all, c.Outage)
		}
	}
	return all
}

func short(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return d.Round(100 * time.Millisecond).String()
}

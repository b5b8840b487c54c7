// Package fleet lets a thousand processes live for a day, in virtual time, and counts what Entra and the cache have to do
// in each minute of it.
package fleet

import (
	"context"
	"fmt"
	"strings"

	"github.com/entraredis/entraredis/bench/internal/chart"
	"github.com/entraredis/entraredis/bench/internal/report"
	"github.com/entraredis/entraredis/bench/internal/virtual"
)

// A Result is what was counted.
type Result struct {
	Processes, Conns, Hours int // Conns of each process
	Days                    []Day
}

// A Day is one of tokens that live alike.
type Day struct {
	Lives           string
	Requests, Auths []int // in each minute
	Late            int   // connections that got the new token later than 3 minutes before the old one's expiry
	Lost            int   // connections whose token expired
}

// Measure lets the fleet live, in less than a minute.
func Measure(ctx context.Context, quick bool) (*Result, error) {
	r := &Result{}
	return r, virtual.Run(ctx, "./fleet", "TestDay", quick, r)
}

// Section says what Entra and the cache have to do.
func (r *Result) Section() (report.Section, error) {
	s := report.Section{Title: "A fleet"}
	var b strings.Builder
	fmt.Fprintf(&b, `%d processes with %d connections each start within the same second and live for %d hours of virtual time: every Source and
every Dialer as they are, in front of a cache that answers AUTH at once. Counted per minute, the first one left out, in which
everybody starts.

`, r.Processes, r.Conns, r.Hours)
	t := report.Table{Head: []string{"tokens live", "requests to Entra a minute", "busiest", "÷ mean", "AUTHs at the cache a minute", "busiest", "÷ mean", "late", "lost"}}
	for _, d := range r.Days {
		requests, auths := load(d.Requests[1:]), load(d.Auths[1:])
		t.Rows = append(t.Rows, []string{
			d.Lives, fmt.Sprintf("%.1f", requests.mean), fmt.Sprint(requests.peak), fmt.Sprintf("%.2f", requests.ratio()),
			fmt.Sprintf("%.0f", auths.mean), fmt.Sprint(auths.peak), fmt.Sprintf("%.2f", auths.ratio()), fmt.Sprint(d.Late), fmt.Sprint(d.Lost),
		})
	}
	b.WriteString(t.String())
	b.WriteString("\n![Requests and AUTHs over the day](benchmarks/fleet.svg)\n\n")
	if len(r.Days) > 0 {
		b.WriteString(r.estimate(r.Days[0]))
	}
	s.Body = b.String()
	if len(r.Days) == 0 {
		return s, nil
	}
	d := r.Days[0]
	svg, err := chart.Lines{
		Title: fmt.Sprintf("%d processes, tokens of %s", r.Processes, d.Lives), X: "hours", Y: "in a minute", Steps: true,
		Series: []chart.Line{
			{Name: "requests to Entra", Points: points(d.Requests[1:], 1)},
			{Name: fmt.Sprintf("AUTHs at the cache ÷ %d", r.Conns), Points: points(d.Auths[1:], r.Conns)},
		},
	}.SVG()
	s.Charts = []report.Chart{{Name: "fleet", SVG: svg}}
	return s, err
}

// estimate says what a hundred times as many would do.
func (r *Result) estimate(d Day) string {
	const fleet = 100_000
	scale := float64(fleet) / float64(r.Processes)
	requests, auths := load(d.Requests[1:]), load(d.Auths[1:])
	return fmt.Sprintf(`On paper, a fleet of %d processes does %.0f times as much: %.0f requests a second to Entra in the mean and %.0f in the busiest
minute; and were all its %d connections to one cache, %.0f AUTHs a second there, %.0f in the busiest minute. (Requests a second =
processes ÷ seconds between renewals, which are 0.75 of a token's life in the mean: %d ÷ (0.75 × 4,500 s) = %.0f.) Would
everybody renew at a fixed point of the token's life instead, as many as started in one second would renew in one second,
for ever: after a deployment that starts them all within a minute, %.0f requests a second for a minute, then nothing for
an hour, and every AUTH of the fleet in that minute too.
`, fleet, scale, requests.mean*scale/60, float64(requests.peak)*scale/60, fleet*r.Conns, auths.mean*scale/60, float64(auths.peak)*scale/60,
		fleet, fleet/(0.75*4500), float64(fleet)/60)
}

type minutes struct {
	mean float64
	peak int
}

func load(counts []int) (m minutes) {
	for _, n := range counts {
		m.peak = max(m.peak, n)
	}
	m.mean = float64(sum(counts)) / float64(max(1, len(counts)))
	return m
}

func (m minutes) ratio() float64 { return float64(m.peak) / m.mean }

func sum(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

func points(counts []int, divide int) (all []chart.Point) {
	for i, n := range counts {
		all = append(all, chart.Point{X: float64(i) / 60, Y: float64(n) / float64(divide)})
	}
	return all
}

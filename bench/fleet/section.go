package fleet

import (
	"fmt"
	"strings"

	"github.com/entraredis/entraredis/bench/internal/chart"
	"github.com/entraredis/entraredis/bench/internal/report"
)

// Section says what Entra and the cache have to do.
func (r *Result) Section() (report.Section, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `%d processes with %d connections each start within the same second, as a deployment does, and live for %d hours of virtual
time: every Source and every Dialer as they are, in front of a cache that answers AUTH at once. Beside them is a fleet in
which everybody renews at three quarters of the token's life, and all connections of a process at once.

`, r.Processes, r.Conns, r.Hours)
	requests := report.Table{Head: head("requests to Entra, tokens live")}
	auths := report.Table{Head: append(head("AUTHs at the cache, tokens live"), "late", "lost")}
	for _, d := range r.Days {
		requests.Rows = append(requests.Rows, d.row(d.Requests, d.RequestsSecond))
		auths.Rows = append(auths.Rows, append(d.row(d.Auths, d.AuthsSecond), fmt.Sprint(d.Late), fmt.Sprint(d.Lost)))
	}
	fmt.Fprintf(&b, "%s\n%s\n", requests, auths)
	b.WriteString(`In brackets: ÷ mean. The busiest second is one behind the first minute. Late is a connection that got the new token later
than 3 minutes before the old one's expiry, lost is one whose token expired.

`)
	s := report.Section{Title: "A fleet"}
	day, other := r.day(ours), r.day(naive)
	if day == nil || other == nil {
		s.Body = b.String()
		return s, nil
	}
	b.WriteString("![Requests and AUTHs over the day](benchmarks/fleet.svg)\n\n![Requests of both fleets](benchmarks/fleet-naive.svg)\n\n")
	b.WriteString(r.estimate(day))
	s.Body = b.String()
	for _, c := range []struct {
		name string
		plot chart.Lines
	}{
		{"fleet", chart.Lines{Series: []chart.Line{
			{Name: "requests to Entra", Points: points(day.Requests[1:], 1)},
			{Name: fmt.Sprintf("AUTHs at the cache ÷ %d", r.Conns), Points: points(day.Auths[1:], r.Conns)},
		}}},
		{"fleet-naive", chart.Lines{Series: []chart.Line{
			{Name: "requests to Entra, " + ours, Points: points(day.Requests[1:], 1)},
			{Name: naive, Points: points(other.Requests[1:], 1)},
		}}},
	} {
		c.plot.Title, c.plot.X, c.plot.Y = fmt.Sprintf("%d processes, tokens of %s", r.Processes, day.Lives), "hours", "in a minute"
		c.plot.Steps = true
		svg, err := c.plot.SVG()
		if err != nil {
			return s, err
		}
		s.Charts = append(s.Charts, report.Chart{Name: c.name, SVG: svg})
	}
	return s, nil
}

func head(what string) []string {
	return []string{what, "way", "a minute", "busiest minute, with the start", "without", "after the first hour", "busiest second"}
}

func (d *Day) row(counts []int, second int) []string {
	row := []string{d.Lives, d.Way, fmt.Sprintf("%.1f", since(counts, 1).mean)}
	for _, minute := range []int{0, 1, 60} {
		s := since(counts, minute)
		row = append(row, fmt.Sprintf("%d (%.1f)", s.peak, s.ratio()))
	}
	return append(row, fmt.Sprint(second))
}

// day returns the first day of a way, nil if there is none.
func (r *Result) day(way string) *Day {
	for i := range r.Days {
		if r.Days[i].Way == way {
			return &r.Days[i]
		}
	}
	return nil
}

// estimate says what a hundred times as many would do.
func (r *Result) estimate(d *Day) string {
	const fleet = 100_000
	scale := float64(fleet) / float64(r.Processes) / 60 // from a minute of this fleet to a second of that one
	requests := since(d.Requests, 60)
	between := float64(r.Processes) / max(requests.mean, 1e-9) * 60
	return fmt.Sprintf(`On paper, a fleet of %d processes:

- Requests a second to Entra = processes ÷ seconds between two renewals of one process, which were %.0f here: %d ÷ %.0f = %.1f.
  In the busiest ten minutes behind the start, %.1f.
- AUTHs a second at a cache that all of them use = requests × connections of a process: %.1f × %d = %.0f, and %.0f in the
  busiest ten minutes.
- Would everybody renew at a fixed fraction of the life, those who started in one second would renew in one second, again
  and again: requests in the worst second = processes ÷ seconds of the deployment. Started in one second, %d requests and
  %d AUTHs in one second of every %.0f; started within ten minutes, %.0f and %.0f a second for ten minutes, and then nothing.
  Lives that Entra draws at random spread them, but only after rounds: the first renewals still come within
  ¾ × (90 − 60) minutes, and the AUTHs of a process at once.
`, fleet, between, fleet, between, requests.mean*scale, busiest(d.Requests)*scale,
		requests.mean*scale, r.Conns, requests.mean*scale*float64(r.Conns), busiest(d.Auths)*scale,
		fleet, fleet*r.Conns, 0.75*75*60, fleet/600.0, float64(fleet*r.Conns)/600)
}

func points(counts []int, divide int) (all []chart.Point) {
	for i, n := range counts {
		all = append(all, chart.Point{X: float64(i+1) / 60, Y: float64(n) / float64(divide)})
	}
	return all
}

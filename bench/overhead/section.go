package overhead

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/entraredis/entraredis/bench/internal/chart"
	"github.com/entraredis/entraredis/bench/internal/report"
)

// Section says what tokens cost.
func (r *Result) Section() (report.Section, error) {
	s := report.Section{Title: "Overhead: a token instead of a password"}
	rounds := func(a, b Cell) int { return a.Rounds - b.Rounds }
	fewest, most := slices.MinFunc(r.Cells, rounds).Rounds, slices.MaxFunc(r.Cells, rounds).Rounds
	var b strings.Builder
	fmt.Fprintf(&b, `The same client with the same options does the same work on the same server, once with a static password and once
with a token by our adapter. Nothing is renewed meanwhile: this is what it costs all the time that the connection knows where
commands and replies end. The goal is at most 1 %% less throughput with single commands and 3 %% with pipelines of 100, and not
one allocation more.

Where a program, a connection and their data lie in memory, here, in the kernel and in the server, makes them faster or slower by
a percent or two for as long as they live, whatever the login. So all comparisons are made again and again, those with the widest
intervals the most often, %d to %d times, each time in a new process of a new copy of the program, with a new server and new
connections, and each time counts once: as the median of %d times four slices of two to five milliseconds, password, token, token,
password. Before each slice every goroutine makes a call or two that do not count, so that no side pays for what the other one has
driven out of the caches. The process keeps 64 MiB, as a service keeps something, for in one that keeps nothing the garbage
collector runs fifty times in a second.

All clients have timeouts of seconds: go-redis and rueidis by default, redigo because the program sets them, as any should that
does not want to wait for ever for a server that is gone.

go-redis looks at a bare TCP connection before each command, one more system call, to see whether the server has closed it.
It does not with TLS, nor with a connection that hides what it is, as ours does. So without TLS the password's connection is
hidden as well; the row "bare" shows it as it is.

`, fewest, most, r.Cells[0].quads())
	for _, secure := range []bool{false, true} {
		var rows [][]string
		for _, c := range r.Cells {
			if c.TLS == secure {
				rows = append(rows, c.row())
			}
		}
		if len(rows) > 0 {
			fmt.Fprintf(&b, "### %s\n\n%s\n", map[bool]string{false: "Without TLS", true: "With TLS"}[secure], table(rows))
		}
	}
	svg, err := r.chart()
	if err != nil {
		return s, err
	}
	s.Charts = []report.Chart{{Name: "overhead", SVG: svg}}
	b.WriteString("![Throughput with a token, compared with a password](benchmarks/overhead.svg)\n\n")
	b.WriteString(r.verdict())
	b.WriteString(r.between())
	b.WriteString(r.trust())
	b.WriteString(r.latency())
	fmt.Fprintf(&b, `### Memory

%d connections that are logged in and idle take %.0f bytes of the heap each without us, and %.0f with us: %.0f bytes more. That is
the state of one connection, its place among those of its server, and a token that all of them share. There is no goroutine for
a connection.
`, r.Memory.Connections, r.Memory.Bare, r.Memory.Ours, r.Memory.Ours-r.Memory.Bare)
	s.Body = b.String()
	return s, nil
}

func table(rows [][]string) report.Table {
	return report.Table{
		Head: []string{"", "commands/s, password", "token", "difference", "goal", "CPU a command, password", "difference", "allocations more"},
		Rows: rows,
	}
}

func (c Cell) row() []string {
	return []string{
		c.name(), rate(c.Base.Rate), rate(c.Ours.Rate), c.Rate.Change(), c.verdict(), micro(c.Base.CPU), c.CPU.Change(),
		fmt.Sprintf("%.2f", math.Round(100*(c.Ours.Allocs-c.Base.Allocs))/100+0), // + 0: no negative zero
	}
}

func (c Cell) name() string {
	name := c.Library + ", " + c.Workload
	if c.Bare {
		name += ", bare"
	}
	return name
}

// quads returns how many slices there were in a round, by four.
func (c Cell) quads() int { return c.Slices / max(1, 2*c.Rounds) }

// verdict says whether the goal is met, as far as can be told.
func (c Cell) verdict() string {
	least := 1 - c.Goal
	switch {
	case c.Rate.Low >= least:
		return "met"
	case c.Rate.High < least:
		return fmt.Sprintf("**missed** (−%.0f %%)", 100*c.Goal)
	case c.Rate.Median >= least:
		return "met, by the median"
	}
	return "missed, by the median"
}

// verdict says where we win and where we lose.
func (r *Result) verdict() string {
	met, missed := 0, 0
	var where []string
	for _, c := range r.Cells {
		if c.Rate.Median >= 1-c.Goal {
			met++
			continue
		}
		missed++
		where = append(where, fmt.Sprintf("%s%s (%s)", c.name(), map[bool]string{true: ", TLS"}[c.TLS], c.Rate.Change()))
	}
	text := fmt.Sprintf("### Where the goal is met, and where not\n\nBy its median, the goal is met in %d of %d rows.", met, met+missed)
	if missed > 0 {
		text += " It is missed by:\n\n- " + strings.Join(where, "\n- ")
	}
	return text + `

Where the time goes: what a connection of ours does for a command and its reply takes 40 to 70 ns, by processor
(` + "`go test -bench 'Get|Conn' ./internal/resp ./core/entraconn`" + `): 12 for where they end, the rest for two locks in each
direction, which keep an AUTH out of the client's bytes and its answer out of the client's replies, and for calls. That is with
everything in the caches. Behind a system call it is not: then each of the two returns into a function of ours, and each of the two
first looks at its data, takes as long as all of the rest. That is the price of any connection in between, see below. Of an
aggregate or a pipeline each further value is 2 ns, of a burst of messages to a subscriber each further one 5, where they are as
long as those before.

Something is saved as well. redigo writes a long string in pieces of 4 KiB to a connection that does not take strings; ours
does.

`
}

// between says what is the least that ours can cost without saving something.
func (r *Result) between() string {
	if len(r.Between) == 0 {
		return ""
	}
	return "### What any connection in between costs\n\nA static password, once on the client's own connection and once on one that passes " +
		"everything on and does nothing else. Ours does more, and can be cheaper because of what it saves.\n\n" + differences(r.Between)
}

// trust says what the method makes of no difference.
func (r *Result) trust() string {
	if len(r.Same) == 0 {
		return ""
	}
	return "### How far to trust it\n\nA static password, measured against itself in the same way. There is no difference; what is shown is " +
		"noise. From one process to the next rows differ by a percent or so more than their intervals say, for where the program and its data " +
		"lie in memory stays the same all along.\n\n" + differences(r.Same)
}

func differences(cells []Cell) string {
	var rows [][]string
	for _, c := range cells {
		rows = append(rows, []string{c.name(), c.Rate.Change(), c.CPU.Change()})
	}
	return report.Table{Head: []string{"", "commands/s", "CPU a command"}, Rows: rows}.String() + "\n"
}

func (r *Result) latency() string {
	var rows [][]string
	for _, c := range r.Cells {
		rows = append(rows, []string{
			c.name() + map[bool]string{true: ", TLS"}[c.TLS],
			micro(c.Base.P50), micro(c.Ours.P50), micro(c.Base.P99), micro(c.Ours.P99), micro(c.Base.P999), micro(c.Ours.P999),
		})
	}
	return "### Latency\n\nOf a call: a command, a pipeline, a SET with its GET, or a thousand messages from their publishing to the last one.\n\n" +
		report.Table{Head: []string{"", "p50, password", "token", "p99, password", "token", "p99.9, password", "token"}, Rows: rows}.String() + "\n"
}

func (r *Result) chart() ([]byte, error) {
	bars := chart.Bars{Title: "Throughput with a token, compared with a password", X: "percent", Goals: []float64{-1, -3}}
	var libraries []string
	for _, c := range r.Cells {
		if c.Bare {
			continue
		}
		if !slices.Contains(libraries, c.Library) {
			libraries = append(libraries, c.Library)
		}
		bars.Bars = append(bars.Bars, chart.Bar{
			Name: c.name() + map[bool]string{true: ", TLS"}[c.TLS], Group: slices.Index(libraries, c.Library),
			Value: 100 * (c.Rate.Median - 1), Low: 100 * (c.Rate.Low - 1), High: 100 * (c.Rate.High - 1),
		})
	}
	return bars.SVG()
}

func rate(perSecond float64) string {
	if perSecond >= 1e6 {
		return fmt.Sprintf("%.2f M", perSecond/1e6)
	}
	return fmt.Sprintf("%.1f k", perSecond/1e3)
}

func micro(d time.Duration) string {
	if d < 10*time.Microsecond {
		return fmt.Sprintf("%.2f µs", float64(d)/1e3)
	}
	return fmt.Sprintf("%.0f µs", float64(d)/1e3)
}

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A table is the picture: the token, a row for each client, the control, the messages.
type table struct {
	stage    string
	duration time.Duration
	started  time.Time
	board    *board
	post     *postOffice
	ctl      *control
	src      *entra.Source
}

func (t table) lines() []line {
	elapsed := time.Since(t.started)
	token, _ := t.src.Latest()
	lines := []line{
		{text: fmt.Sprintf("%5.1f s of %v on %s", elapsed.Seconds(), t.duration, t.stage)},
		{text: fmt.Sprintf("token %d  %s", t.board.tokenCount(), age(token)), style: green},
		{},
		{text: fmt.Sprintf("%-9s %10s %8s %9s %9s %6s %6s %7s %8s", "client", "commands", "per s", "p50", "p99", "conns", "AUTHs", "errors", "redials"), style: bold},
	}
	for _, c := range t.board.tallies {
		commands, errors, redials := c.commands.Load(), c.errors.Load(), c.redials()
		row := line{text: fmt.Sprintf("%-9s %10d %8.0f %9v %9v %6d %6d %7d %8d",
			c.library, commands, float64(commands)/max(elapsed.Seconds(), 0.001),
			short(c.latency.quantile(0.5)), short(c.latency.quantile(0.99)),
			c.opened.Load()-c.closed.Load(), c.auths.Load(), errors, redials)}
		if errors > 0 || redials > 0 {
			row.style = red
		}
		lines = append(lines, row)
	}
	report := t.ctl.read()
	row := line{text: fmt.Sprintf("%-9s %v", "control", report)}
	if report.failed > 0 {
		row.style = red
	}
	received, missing := t.post.count()
	return append(lines, row, line{text: fmt.Sprintf("%-9s %d received, %d lost", "messages", received, missing)})
}

// age draws how much of the token's life has passed.
func age(token entra.Token) string {
	const cells = 24
	life := token.Lifetime()
	left := min(max(time.Until(token.ExpiresOn()), 0), life)
	filled := int(cells * (life - left).Seconds() / max(life.Seconds(), 0.001))
	return fmt.Sprintf("[%s%s] %.1f s old, expires in %.1f s",
		strings.Repeat("#", filled), strings.Repeat(".", cells-filled), (life - left).Seconds(), left.Seconds())
}

func short(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return d.Round(time.Microsecond)
	}
	return d.Round(10 * time.Microsecond)
}

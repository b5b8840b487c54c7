package main

import (
	"fmt"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A verdict sums up a run.
type verdict struct {
	clients    int
	tokens     int
	auths      int64
	commands   int64
	messages   int
	errors     int64
	lost       int
	redials    int64
	controlCut int

	expired   int    // connections of the clients that the server closed because of an expired token
	refused   int64  // AUTHs of the clients that the server refused
	fault     string // that the plan asked for
	busyness  busyness
	tokensDue int   // that must have come in the time
	cutDue    bool  // the control must have been cut off in the time
	firstErr  error // of the first client that met one
}

// judge counts everything together. What must have happened follows from how long the first token lived: with the
// embedded Entra 20 seconds are five lives, with Azure's they are none.
func judge(board *board, post *postOffice, ctl controlReport, first entra.Token, began, ended time.Time, busy busyness) verdict {
	received, missing := post.count()
	v := verdict{
		clients:    len(board.tallies),
		tokens:     board.tokenCount(),
		messages:   received,
		lost:       missing + post.underWay(),
		controlCut: ctl.cut,
		tokensDue:  int((ended.Sub(began) - busy.total) / first.Lifetime()),
		cutDue:     ended.After(first.ExpiresOn().Add(time.Second)),
		busyness:   busy,
	}
	for _, t := range board.tallies {
		v.auths += t.auths.Load()
		v.commands += t.commands.Load()
		v.errors += t.errors.Load()
		v.redials += t.redials()
		v.refused += t.refused.Load()
		if err := t.err(); err != nil && v.firstErr == nil {
			v.firstErr = fmt.Errorf("%s: %w", t.library, err)
		}
	}
	return v
}

func (v verdict) ok() bool { return v.objection() == "" }

// undecided reports whether something went wrong that a busy machine may have caused. A refused AUTH, and a message that
// was lost on a connection that did not expire, are never its fault: the server does not count the time in which the
// program was kept from running.
func (v verdict) undecided() bool {
	return !v.ok() && v.busyness.tooMuch() && v.refused == 0 && v.fault == "" && (v.lost == 0 || v.expired > 0)
}

// exitCode returns that of the program.
func (v verdict) exitCode() int {
	switch {
	case v.ok():
		return 0
	case v.undecided():
		return 3
	}
	return 1
}

// objection says in a few words what went wrong first, if anything did.
func (v verdict) objection() string {
	switch {
	case v.fault != "" && v.refused == 0:
		return "the fault never struck: no AUTH was refused"
	case v.firstErr != nil:
		return v.firstErr.Error()
	case v.errors > 0:
		return "commands failed"
	case v.lost > 0:
		return "messages were lost"
	case v.redials > 0:
		return "connections were lost and dialed again"
	case v.refused > 0:
		return fmt.Sprintf("the server refused %d AUTHs", v.refused)
	case v.expired > 0:
		return fmt.Sprintf("the server closed %d connections because of an expired token", v.expired)
	case v.commands == 0 || v.messages == 0:
		return "nothing was done"
	case v.tokens < v.tokensDue:
		return fmt.Sprintf("too few tokens, want %d", v.tokensDue)
	case v.cutDue && v.controlCut == 0:
		return "the control was not cut off, so nothing was shown"
	}
	return ""
}

// String returns the last line of the program.
func (v verdict) String() string {
	if v.undecided() {
		return fmt.Sprintf("quickstart: machine too busy to judge: starved %.1f s in a token's life of %.1f s",
			v.busyness.worst.Seconds(), v.busyness.life.Seconds())
	}
	word, objection := "ok", v.objection()
	if objection != "" {
		word, objection = "failed", ": "+objection
	}
	return fmt.Sprintf("quickstart: %s clients=%d tokens=%d auths=%d commands=%d messages=%d errors=%d lost=%d redials=%d control_cut=%d%s",
		word, v.clients, v.tokens, v.auths, v.commands, v.messages, v.errors, v.lost, v.redials, v.controlCut, objection)
}

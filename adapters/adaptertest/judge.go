package adaptertest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// unnoticed fails the scenario unless every connection that was ever made is still there: none was closed by the
// server for an expired token or a refused one, none was given up by the client, so none was dialed again.
func (e *env) unnoticed() {
	e.t.Helper()
	s := e.gateway.Stats()
	if s.Expired != 0 {
		e.t.Errorf("the server closed %d connections whose token had expired", s.Expired)
	}
	if s.Open != s.Accepted && !e.givenUpByBusyClient(s.Accepted-s.Open) {
		e.t.Errorf("of %d connections %d are left, ended by: %v", s.Accepted, s.Open, e.output.endings())
	}
	e.eachTokenOnce()
	e.upToDate()
}

// givenUpByBusyClient reports whether the machine has kept the program from running for seconds, and the connections that
// are gone were closed by the client itself, to which nothing had happened: some libraries have timeouts that cannot be set.
func (e *env) givenUpByBusyClient(gone int) bool {
	if e.virtual {
		return false
	}
	const long = 3 * time.Second
	starved := e.watchdog.Starved() - e.starved
	if starved < long || !e.hasClosed(gone) {
		return false
	}
	e.t.Logf("kept from running for %v: %d connections that the client closed by itself are not counted", starved.Round(time.Millisecond), gone)
	return true
}

// hasClosed reports whether the client has closed so many connections by itself.
func (e *env) hasClosed(n int) bool {
	ctx, cancel := context.WithTimeout(e.ctx, hangs)
	defer cancel()
	return e.output.awaitEndings(ctx, n)[fmt.Sprint(entra.CloseByClient, " ", nil)] >= n
}

// upToDate fails the scenario unless every connection that is open gets a token that is as new as the newest of now. In
// virtual time the server has judged that: no connection can miss a token and live.
func (e *env) upToDate() {
	e.t.Helper()
	if e.virtual {
		return
	}
	newest := len(e.tap.issued()) - 1
	e.eventually("every open connection is renewed", func(context.Context) error {
		issued, accepted := e.tap.issued(), e.accepted()
		for _, conn := range e.gateway.Conns() {
			tokens := accepted[conn]
			if len(tokens) > 0 && slices.Index(issued, tokens[len(tokens)-1]) < newest {
				return fmt.Errorf("connection %d is not: %s", conn, e.describe())
			}
		}
		return nil
	})
	if n := e.gateway.Stats().Expired; n != 0 {
		e.t.Errorf("the server closed %d connections whose token had expired, after the scenario", n)
	}
}

// accepted returns the tokens that each connection authenticated with, in order.
func (e *env) accepted() map[int][]string {
	conns := map[int][]string{}
	for _, auth := range e.gateway.Auths() {
		if auth.Err == "" {
			conns[auth.Conn] = append(conns[auth.Conn], auth.TokenID)
		}
	}
	return conns
}

// eachTokenOnce fails the scenario if a connection authenticated twice with the same token, or with an older one
// than before.
func (e *env) eachTokenOnce() {
	e.t.Helper()
	issued := e.tap.issued()
	for conn, tokens := range e.accepted() {
		last := -1
		for _, token := range tokens {
			n := slices.Index(issued, token)
			if n <= last {
				e.t.Errorf("connection %d authenticated with token %d after token %d", conn, n+1, last+1)
			}
			last = n
		}
	}
}

// renewed fails the scenario unless at least conns connections have lived through all rotations. In real time a starved
// machine may skip a token, so the connections get as many tokens more as it takes.
func (e *env) renewed(conns int) {
	e.t.Helper()
	if e.virtual {
		e.renewedWithEachToken(conns)
		return
	}
	e.eventually(fmt.Sprintf("%d connections through %d rotations", conns, rotations), func(context.Context) error {
		all := 0
		for _, tokens := range e.accepted() {
			if len(tokens) > rotations {
				all++
			}
		}
		if all < conns {
			return fmt.Errorf("%d so far: %s", all, e.describe())
		}
		return nil
	})
}

// renewedWithEachToken fails the scenario unless at least conns connections were dialed before the rotations and have
// authenticated with every token since their login's but the newest, whose rotation may be under way.
func (e *env) renewedWithEachToken(conns int) {
	e.t.Helper()
	issued := e.tap.issued()
	rotated := issued[:len(issued)-1]
	fewest := min(len(rotated), rotations+1)
	all := 0
	for _, tokens := range e.accepted() {
		login := slices.Index(rotated, tokens[0])
		if login < 0 || len(rotated)-login < fewest {
			continue
		}
		if wanted := rotated[login:]; len(tokens) >= len(wanted) && slices.Equal(tokens[:len(wanted)], wanted) {
			all++
		}
	}
	if all < conns {
		e.t.Errorf("%d of %d connections authenticated with each token of %d rotations or more: %v", all, conns, fewest-1, e.describe())
	}
}

// refusals returns the AUTHs that the server refused.
func (e *env) refusals() []entratest.Auth {
	return slices.DeleteFunc(e.gateway.Auths(), func(a entratest.Auth) bool { return a.Err == "" })
}

func (e *env) describe() string {
	issued := e.tap.issued()
	text := fmt.Sprintf("%d tokens;", len(issued))
	for conn, tokens := range e.accepted() {
		text += fmt.Sprintf(" %d:", conn)
		for _, token := range tokens {
			text += fmt.Sprintf(" %d", slices.Index(issued, token)+1)
		}
		text += ";"
	}
	return text
}

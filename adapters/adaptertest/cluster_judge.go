package adaptertest

import (
	"context"
	"fmt"
	"slices"

	"github.com/entraredis/entraredis/core/entratest"
)

// each calls judge with an env for each server. Those of single servers judge with that.
func (e *clusterEnv) each(judge func(i int, one *env)) {
	for i, gateway := range e.gateways {
		one := *e.env
		one.gateway = gateway
		judge(i, &one)
	}
}

// A standing is a snapshot of the connections.
type standing struct {
	tokens int     // the first so many, whose rotations are not judged
	conns  [][]int // to each server, those that are logged in
}

// standingNow returns the current standing. The rotation to the newest token is among those that
// will be judged.
func (e *clusterEnv) standingNow() standing {
	s := standing{tokens: len(e.tap.issued()) - 1}
	e.each(func(_ int, one *env) {
		loggedIn := one.accepted()
		s.conns = append(s.conns, slices.DeleteFunc(one.gateway.Conns(), func(conn int) bool { return loggedIn[conn] == nil }))
	})
	return s
}

// unnoticedSince fails the scenario unless every connection of the standing is still open and has
// authenticated with the last token whose rotation should have ended, or a newer one. A pool may
// grow at any time, so new connections only count against the most that the client may have.
func (e *clusterEnv) unnoticedSince(before standing) {
	e.t.Helper()
	issued := e.tap.issued()
	due := len(issued) - 2 // the rotation to the newest may be under way
	if due < before.tokens {
		e.t.Fatalf("no rotation is over: %d tokens, %d before", len(issued), before.tokens)
	}
	e.each(func(i int, one *env) {
		one.t.Helper()
		// A seed may be known under two names, and go-redis has a second pool for pipelines.
		if open, most := one.gateway.Stats().Open, 2*e.conns; open > most {
			one.t.Errorf("%s has %d connections, the clients need %d at most", one.gateway.Addr(), open, most)
		}
		one.eventually("every connection is renewed", func(context.Context) error {
			accepted, issued, open := one.accepted(), one.tap.issued(), one.gateway.Conns()
			for _, conn := range before.conns[i] {
				if !slices.Contains(open, conn) {
					continue // which is judged below
				}
				tokens := accepted[conn]
				if newest := slices.Index(issued, tokens[len(tokens)-1]); newest < due {
					return fmt.Errorf("%s: connection %d has token %d of %d: %s", one.gateway.Addr(), conn, newest+1, len(issued), one.describe())
				}
			}
			return nil
		})
	})
	e.noneLostSince(before, nil)
}

// noneLostSince fails the scenario if a connection to any server but one was closed, by either
// side, or authenticated twice with one token.
func (e *clusterEnv) noneLostSince(before standing, but *entratest.Gateway) {
	e.t.Helper()
	e.each(func(i int, one *env) {
		one.t.Helper()
		if n := one.gateway.Stats().Expired; n > 0 {
			one.t.Errorf("%s closed %d connections whose token had expired", one.gateway.Addr(), n)
		}
		open, lost := one.gateway.Conns(), 0
		for _, conn := range before.conns[i] {
			if !slices.Contains(open, conn) {
				lost++
			}
		}
		if lost > 0 && one.gateway != but && !(e.replaces && one.hasClosed(lost)) && !one.givenUpByBusyClient(lost) {
			one.t.Errorf("%s: of %d connections %d are gone, ended by: %v", one.gateway.Addr(), len(before.conns[i]), lost, one.output.endings())
		}
		one.eachTokenOnce()
	})
}

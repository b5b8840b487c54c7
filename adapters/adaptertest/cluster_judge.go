package adaptertest

import (
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

// A standing is what connections there are at a moment.
type standing struct {
	tokens int     // those that they must have authenticated with at the end begin behind so many
	conns  [][]int // to each server, those that are logged in
}

// settled returns the standing of now. The rotation to the newest token counts among those that are to be judged.
func (e *clusterEnv) settled() standing {
	s := standing{tokens: len(e.tap.issued()) - 1}
	e.each(func(_ int, one *env) {
		loggedIn := one.accepted()
		s.conns = append(s.conns, slices.DeleteFunc(one.gateway.Conns(), func(conn int) bool { return loggedIn[conn] == nil }))
	})
	return s
}

// remaining returns before without the connections that are gone.
func (e *clusterEnv) remaining(before standing) standing {
	left := standing{tokens: before.tokens}
	e.each(func(i int, one *env) {
		open := one.gateway.Conns()
		left.conns = append(left.conns, slices.DeleteFunc(slices.Clone(before.conns[i]), func(conn int) bool { return !slices.Contains(open, conn) }))
	})
	return left
}

// unnoticedSince fails the scenario unless every connection that was there is still there and has authenticated with
// every token since, the newest excepted, whose rotation may be under way. New ones are counted against no more than
// what the client may have: a pool grows when it likes.
func (e *clusterEnv) unnoticedSince(before standing) {
	e.t.Helper()
	e.noneLostSince(before, nil)
	issued := e.tap.issued()
	due := issued[before.tokens : len(issued)-1]
	e.each(func(i int, one *env) {
		one.t.Helper()
		// A seed may be known under two names, and go-redis has a second pool for pipelines.
		if open, most := one.gateway.Stats().Open, 2*e.conns; open > most {
			one.t.Errorf("%s has %d connections, the clients need %d at most", one.gateway.Addr(), open, most)
		}
		accepted := one.accepted()
		for _, conn := range before.conns[i] {
			tokens := accepted[conn]
			if first := slices.Index(tokens, due[0]); first < 0 || len(tokens)-first < len(due) || !slices.Equal(tokens[first:first+len(due)], due) {
				one.t.Errorf("%s: connection %d has not authenticated with each of %d tokens: %s", one.gateway.Addr(), conn, len(due), one.describe())
				break
			}
		}
	})
}

// noneLostSince fails the scenario if a connection to any server but one was closed by whomever, or authenticated twice
// with one token.
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
		if lost > 0 && one.gateway != but {
			one.t.Errorf("%s: of %d connections %d are gone", one.gateway.Addr(), len(before.conns[i]), lost)
		}
		one.eachTokenOnce()
	})
}

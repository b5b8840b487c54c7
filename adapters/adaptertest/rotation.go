package adaptertest

import (
	"fmt"
	"slices"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// idleAcrossRotations catches a library that renews a connection only when it is next used, and so finds it dead
// (go-redis with a streaming provider).
func idleAcrossRotations(e *env) {
	client := e.open("idle", 4)
	e.warm(client, 4)
	e.awaitRotations()
	e.ping(client, 4)
	e.renewed(4)
	e.unnoticed()
}

// inUseAcrossRotations catches a library that renews a connection by closing it under its user, and one that puts
// AUTH or its answer where the client reads something else.
func inUseAcrossRotations(e *env) {
	client := e.open("busy", 4)
	e.warm(client, 4)
	e.during(e.awaitRotations, 4, e.interval(1000), func(worker, iteration int) error {
		key, want := fmt.Sprint("key", worker), fmt.Sprint("value ", worker, " ", iteration)
		if _, err := client.Do(e.ctx, "SET", key, want); err != nil {
			return err
		}
		got, err := client.Do(e.ctx, "GET", key)
		if err == nil && got != want {
			err = fmt.Errorf("GET: %q, want %q", got, want)
		}
		return err
	})
	e.renewed(4)
	e.unnoticed()
}

// poolGrowing catches a library that closes connections when a newer token comes, and dials others
// instead (go-redis with a streaming provider: a burst of 100 commands made 100 dials).
func poolGrowing(e *env) {
	const before, after = 8, 16
	client := e.open("growing", after)
	e.warm(client, before)
	old := e.gateway.Stats().Accepted
	e.awaitTokens(1)
	e.ping(client, before)
	if dialed := e.gateway.Stats().Accepted - old; dialed > 0 {
		e.t.Errorf("%d connections were dialed although as many were idle as the callers needed", dialed)
	}
	e.ping(client, after)
	grown := e.gateway.Stats().Accepted
	if dialed := grown - old; dialed > 2*(after-before) { // rueidis opens two for each over RESP2
		e.t.Errorf("%d connections were dialed for %d callers more", dialed, after-before)
	}
	e.awaitTokens(1)
	e.ping(client, after)
	e.awaitTokens(1)
	e.ping(client, after)
	if dialed := e.gateway.Stats().Accepted - grown; dialed > 0 {
		e.t.Errorf("%d connections were dialed during the next rotations", dialed)
	}
	e.unnoticed()
}

// renewalsSpreadOut catches a library that renews all its connections at the same moment (rueidis: 0.2 ms), or
// too late.
func renewalsSpreadOut(e *env) {
	const conns = 100
	client := e.open("many", conns)
	e.warm(client, conns)
	old, _ := e.source.Latest()
	e.awaitTokens(1)
	began := time.Now()
	e.awaitTokens(1)
	e.spread(old, began, conns)
	e.unnoticed()
}

// spread fails the scenario unless conns connections authenticated with the second token, which came when began was,
// in time and not all at once. old is the first token. In real time only the server judges: it has closed none.
func (e *env) spread(old entra.Token, began time.Time, conns int) {
	e.t.Helper()
	if !e.virtual {
		e.renewed(conns)
		return
	}
	second := e.tap.issued()[1]
	var at []time.Time
	for _, auth := range e.gateway.Auths() {
		if auth.TokenID == second {
			at = append(at, auth.At)
		}
	}
	if len(at) < conns {
		e.t.Fatalf("%d of %d connections were renewed", len(at), conns)
	}
	slices.SortFunc(at, time.Time.Compare)
	if last := at[len(at)-1]; last.After(old.RenewBy()) {
		e.t.Errorf("the last connection was renewed %v before its token expired", old.ExpiresOn().Sub(last))
	}
	at = at[len(at)/20 : len(at)-len(at)/20] // the first and the last say little about the others
	window := min(old.RenewBy().Sub(began), 10*time.Minute)
	span := at[len(at)-1].Sub(at[0])
	if span < window/3 {
		e.t.Errorf("%d connections were renewed within %v of %v", len(at), span, window)
	}
	tenths := make([]int, 11)
	for _, t := range at {
		tenths[int(10*t.Sub(at[0])/max(span, 1))]++
	}
	if busiest := slices.Max(tenths); busiest > len(at)/4 {
		e.t.Errorf("%d of %d renewals fell into one tenth of their span: %v", busiest, len(at), tenths)
	}
}

// twoClients catches a Source that serves one client only, or fetches a token for each.
func twoClients(e *env) {
	first, second := e.open("first", 2), e.open("second", 2)
	e.warm(first, 2)
	e.warm(second, 2)
	e.awaitRotations()
	e.ping(first, 2)
	e.ping(second, 2)
	e.renewed(4)
	e.unnoticed()
	if n := e.sts.Issued(); e.virtual && n > rotations+2 {
		e.t.Errorf("%d tokens were fetched for %d rotations", n, rotations+1)
	}
}

package census_test

import (
	"context"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

const many = 10_000

func manyConnections(t testing.TB) (e *events, tokens [2]entra.TokenTimes) {
	e = newEvents(t)
	tokens = [2]entra.TokenTimes{life(time.Now()), life(time.Now().Add(time.Minute))}
	e.refreshed(tokens[1])
	for id := range uint64(many) {
		e.opened(conn(id))
		e.authenticated(conn(id), tokens[0], nil)
	}
	return e, tokens
}

func BenchmarkAuth(b *testing.B) {
	e, tokens := manyConnections(b)
	info := entra.AuthDoneInfo{At: time.Now(), Conn: conn(0), Phase: entra.AuthRotation}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		info.Conn.ID = uint64(i % many)
		info.Token = tokens[(i/many+1)%2]
		e.obs.AuthDone(context.Background(), info)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	e, _ := manyConnections(b)
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		e.c.Snapshot(now)
	}
}

func TestAuthsAllocateNothing(t *testing.T) {
	e, tokens := manyConnections(t)
	e.authenticated(conn(many-1), tokens[1], nil) // the first with a token makes room for those who have it
	id := uint64(0)
	if allocs := testing.AllocsPerRun(1000, func() {
		e.authenticated(conn(id), tokens[1], nil)
		id++
	}); allocs != 0 {
		t.Errorf("%v allocations for one AUTH", allocs)
	}
}

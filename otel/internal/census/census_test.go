package census_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/internal/census"
)

func TestCountsConnectionsByTheirToken(t *testing.T) {
	e := newEvents(t)
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	old, recent := life(start), life(start.Add(55*time.Minute))
	e.refreshed(old)
	for id := range uint64(4) {
		e.opened(conn(id))
	}
	for id := range uint64(3) {
		e.authenticated(conn(id), old, nil)
	}
	e.refreshed(recent)
	e.authenticated(conn(0), recent, nil)
	e.authenticated(conn(1), recent, errors.New("refused"))

	count := func(at time.Duration) [5]int {
		p := e.pool(start.Add(at))
		return [5]int{p.Current, p.Stale, p.AtRisk, p.Expired, p.NotLoggedIn}
	}
	tests := []struct {
		name string
		at   time.Duration
		want [5]int
	}{
		{"while both are good", 60 * time.Minute, [5]int{1, 2, 0, 0, 1}},
		{"the older one 3 minutes before its end", 72 * time.Minute, [5]int{1, 0, 2, 0, 1}},
		{"at its end", 75 * time.Minute, [5]int{1, 0, 0, 2, 1}},
		{"the newest one 3 minutes before its end", 127 * time.Minute, [5]int{0, 0, 1, 2, 1}},
	}
	for _, test := range tests {
		if got := count(test.at); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	p := e.pool(start.Add(time.Hour))
	if !p.SoonestExpiry.Equal(old.ExpiresOn) || p.OldestAge != time.Hour || p.YoungestAge != 5*time.Minute || p.Open() != 4 {
		t.Errorf("expiry %s, ages %s to %s of %d", p.SoonestExpiry, p.YoungestAge, p.OldestAge, p.Open())
	}
}

func TestCountsWhatARotationHasLeftToDo(t *testing.T) {
	e := newEvents(t)
	start := time.Now()
	old, recent := life(start), life(start.Add(55*time.Minute))
	const n, barred = 10, 2
	for id := range uint64(n) {
		e.opened(conn(id))
		e.authenticated(conn(id), old, nil)
	}
	e.refreshed(recent)
	if e.pool(start).Rotation.Active() {
		t.Error("a rotation before there is one")
	}
	ctx := e.rotate(n-barred, recent)
	pending := func(want int) {
		t.Helper()
		if got := e.pool(start).Rotation.Pending; got != want {
			t.Errorf("%d pending, want %d", got, want)
		}
	}
	pending(n - barred)
	e.authenticated(conn(0), recent, nil)
	pending(n - barred - 1)
	e.closed(conn(1), entra.CloseByClient, old.ExpiresOn, "")
	pending(n - barred - 2)
	e.closed(conn(2), entra.CloseUnsupported, old.ExpiresOn, "MONITOR")
	pending(n - barred - 2)
	e.opened(conn(n))
	e.authenticated(conn(n), old, nil) // it was on its way when the rotation began
	pending(n - barred - 1)
	r := e.pool(start).Rotation
	if r.Planned != n-barred || r.Window != 10*time.Minute || !r.ExpiresOn.Equal(recent.ExpiresOn) {
		t.Errorf("rotation is %+v", r)
	}
	e.rotated(ctx)
	if r := e.pool(start).Rotation; r != (census.Rotation{}) {
		t.Errorf("after the rotation: %+v", r)
	}
}

func TestRotationDoneEndsOnlyItsOwnRotation(t *testing.T) {
	e := newEvents(t)
	recent := life(time.Now())
	e.opened(conn(1))
	first, second := e.rotate(3, recent), e.rotate(5, recent)
	e.rotated(first)
	if got := e.pool(time.Now()).Rotation.Planned; got != 5 {
		t.Errorf("planned %d, want the 5 of the second", got)
	}
	e.rotated(context.Background()) // an observer between us has lost the values
	if e.pool(time.Now()).Rotation.Active() {
		t.Error("the second goes on for ever")
	}
	e.rotated(second) // once more is once too often, and does no harm
}

func TestClientsOfOneNameAreDistinguishedByToken(t *testing.T) {
	e := newEvents(t)
	start := time.Now()
	old, recent := life(start), life(start.Add(55*time.Minute))
	e.refreshed(old)
	for range 3 {
		e.opened(conn(1))
	}
	e.authenticated(conn(1), old, nil)
	e.authenticated(conn(1), old, nil)
	if p := e.pool(start); p.Current != 2 || p.NotLoggedIn != 1 {
		t.Errorf("%d current and %d not logged in, want 2 and 1", p.Current, p.NotLoggedIn)
	}
	e.refreshed(recent)
	e.authenticated(conn(1), recent, nil)
	if p := e.pool(start); p.Current+p.Stale != 3 || p.Current != 1 {
		t.Errorf("%d current and %d stale", p.Current, p.Stale)
	}
	e.closed(conn(1), entra.CloseByServer, recent.ExpiresOn, "")
	if p := e.pool(start); p.Current != 0 || p.Stale != 2 {
		t.Errorf("%d current and %d stale, want the other two", p.Current, p.Stale)
	}
	e.closed(conn(1), entra.CloseByServer, old.ExpiresOn, "")
	e.closed(conn(1), entra.CloseByServer, old.ExpiresOn, "")
	e.closed(conn(1), entra.CloseByServer, old.ExpiresOn, "")
	if p := e.pool(start); p.Open() != 0 {
		t.Errorf("%d are left of none", p.Open())
	}
}

func TestKeepsEmptyPoolsForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvents(t)
		node := func(i int) entra.ConnInfo {
			c := conn(1)
			c.ServerAddr = fmt.Sprintf("node-%03d:6380", i)
			return c
		}
		for i := range 200 {
			e.opened(node(i))
			if i > 0 {
				e.closed(node(i), entra.CloseByServer, time.Time{}, "")
			}
			time.Sleep(time.Second)
		}
		pools := e.c.Snapshot(time.Now()).Pools
		if len(pools) != 65 || pools[0].ServerAddr != "node-000:6380" || pools[1].ServerAddr != "node-136:6380" {
			t.Fatalf("%d pools, the first are %s and %s", len(pools), pools[0].ServerAddr, pools[1].ServerAddr)
		}
		if p := pools[64]; p.Open() != 0 || len(p.Closes) != 1 || p.Closes[0].Count != 1 {
			t.Errorf("an empty pool is %+v", p)
		}
		e.opened(node(136)) // comes back, and is not the first to go
		e.opened(node(300))
		e.closed(node(300), entra.CloseByServer, time.Time{}, "")
		pools = e.c.Snapshot(time.Now()).Pools
		if !slices.ContainsFunc(pools, func(p census.Pool) bool { return p.ServerAddr == "node-136:6380" && p.Open() == 1 }) {
			t.Error("a pool with a connection was forgotten")
		}
	})
}

func TestFollowsTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvents(t)
		first := life(time.Now())
		ctx := e.obs.RefreshStart(t.Context(), entra.RefreshStartInfo{At: time.Now(), Trigger: entra.TriggerInitial})
		retry := time.Now().Add(7 * time.Second)
		e.failed(&entra.RefreshError{Kind: entra.KindThrottled, Status: 429, Host: "login.example", Attempt: 1, RetryAt: retry})
		e.failed(&entra.RefreshError{Kind: entra.KindRejected, Status: 401, Code: "AADSTS7000215", Attempt: 2, RetryAt: retry})
		e.failed(&entra.RefreshError{Kind: entra.KindRejected, Status: 400, Attempt: 2}) // of claims, which is no failure
		e.failed(entra.ErrClosed)
		got := e.c.Snapshot(time.Now()).Token
		want := census.Failure{At: time.Now(), Kind: entra.KindRejected, Status: 401, Code: "AADSTS7000215", RetryAt: retry}
		if got.Failures != 2 || got.LastFailure != want || got.Refresh.Trigger != entra.TriggerInitial || got.Refresh.Attempts != 1 {
			t.Errorf("in trouble: %+v", got)
		}
		e.obs.RefreshDone(ctx, entra.RefreshDoneInfo{At: time.Now(), ExpiresOn: first.ExpiresOn})
		got = e.c.Snapshot(time.Now()).Token
		if got.Failures != 0 || got.LastFailure != want || got.Refresh != (census.Refresh{}) || !got.ExpiresOn.Equal(first.ExpiresOn) {
			t.Errorf("recovered: %+v", got)
		}
		e.opened(conn(1))
		e.authenticated(conn(1), first, nil)
		if got = e.c.Snapshot(time.Now()).Token; !got.RenewBy.Equal(first.RenewBy) || !got.IssuedAt.Equal(first.IssuedAt) {
			t.Errorf("after the first AUTH: %+v", got)
		}
	})
}

// A server refuses a token, and its successor is one that ends earlier.
func TestLastTokenIsNewestEvenIfItExpiresEarlier(t *testing.T) {
	e := newEvents(t)
	long, short := life(time.Now()), life(time.Now().Add(-time.Minute))
	e.refreshed(long)
	e.opened(conn(1))
	e.authenticated(conn(1), long, nil)
	e.refreshed(short)
	e.opened(conn(2))
	e.authenticated(conn(2), short, nil)
	e.opened(conn(3))
	e.authenticated(conn(3), long, nil)
	if p := e.pool(time.Now()); p.Current != 1 || p.Stale != 2 {
		t.Errorf("%d current and %d stale, want 1 and 2", p.Current, p.Stale)
	}
}

func TestAuthAfterCloseIsNotCounted(t *testing.T) {
	e := newEvents(t)
	token := life(time.Now())
	e.authenticated(conn(1), token, nil)
	e.closed(conn(1), entra.CloseByServer, time.Time{}, "")
	e.rotated(e.rotate(1, token))
	if s := e.c.Snapshot(time.Now()); len(s.Pools) != 0 {
		t.Errorf("pools: %+v", s.Pools)
	}
}

func TestSnapshotsStayAsTheyWere(t *testing.T) {
	e := newEvents(t)
	e.opened(conn(1))
	e.closed(conn(1), entra.CloseByServer, time.Time{}, "")
	before := e.pool(time.Now())
	e.opened(conn(2))
	e.closed(conn(2), entra.CloseByServer, time.Time{}, "")
	e.opened(conn(3))
	e.closed(conn(3), entra.CloseByClient, time.Time{}, "")
	if len(before.Closes) != 1 || before.Closes[0].Count != 1 {
		t.Errorf("an earlier snapshot has become %+v", before.Closes)
	}
}

func TestAddsUpUnderContention(t *testing.T) {
	e := newEvents(t)
	var all sync.WaitGroup
	for worker := range uint64(8) {
		all.Go(func() {
			for i := range uint64(500) {
				c := conn(worker*1000 + i)
				e.opened(c)
				e.authenticated(c, life(time.Now().Add(time.Duration(i%3)*time.Minute)), nil)
				e.c.Snapshot(time.Now())
				if i%2 == 0 {
					e.closed(c, entra.CloseByServer, time.Time{}, "")
				}
			}
		})
	}
	all.Wait()
	if p := e.pool(time.Now()); p.Open() != 8*250 || p.NotLoggedIn != 0 || p.Closes[0].Count != 8*250 {
		t.Errorf("%d open, %d not logged in, %d closed", p.Open(), p.NotLoggedIn, p.Closes[0].Count)
	}
}

// The observer may be called long after an event.
func TestTimesAreThoseOfTheEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvents(t)
		then := time.Now()
		time.Sleep(time.Hour)
		ctx := context.Background()
		e.obs.RefreshStart(ctx, entra.RefreshStartInfo{At: then})
		e.obs.AttemptDone(ctx, entra.AttemptDoneInfo{At: then, Err: &entra.RefreshError{Attempt: 1}})
		e.obs.ConnOpened(ctx, entra.ConnOpenedInfo{At: then, Conn: conn(1)})
		e.obs.RotationStart(ctx, entra.RotationStartInfo{
			At: then, Library: conn(1).Library, Pool: conn(1).Pool, ServerAddr: conn(1).ServerAddr,
		})
		e.obs.ConnClosed(ctx, entra.ConnClosedInfo{At: then, Conn: conn(1)})
		s := e.c.Snapshot(time.Now())
		p := s.Pools[0]
		for what, got := range map[string]time.Time{
			"refresh": s.Token.Refresh.Begun, "failure": s.Token.LastFailure.At, "rotation": p.Rotation.Begun, "closing": p.Closes[0].Last,
		} {
			if !got.Equal(then) {
				t.Errorf("the %s happened at %v, want %v", what, got, then)
			}
		}
	})
}

package census_test

import (
	"context"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/internal/census"
)

// events tells a Census what a Source and its connections would.
type events struct {
	t   testing.TB
	c   *census.Census
	obs *entra.Observer
}

func newEvents(t testing.TB) *events {
	c := census.New()
	return &events{t: t, c: c, obs: c.Observer()}
}

func conn(id uint64) entra.ConnInfo {
	return entra.ConnInfo{Library: "go-redis", Pool: "cache", ID: id, ServerAddr: "cache.example:6380"}
}

// life is that of a token of 75 minutes.
func life(issued time.Time) entra.TokenTimes {
	return entra.TokenTimes{IssuedAt: issued, RenewBy: issued.Add(72 * time.Minute), ExpiresOn: issued.Add(75 * time.Minute)}
}

func (e *events) refreshed(t entra.TokenTimes) {
	ctx := e.obs.RefreshStart(context.Background(), entra.RefreshStartInfo{At: time.Now(), Trigger: entra.TriggerScheduled})
	e.obs.AttemptDone(ctx, entra.AttemptDoneInfo{At: time.Now(), Attempt: 1})
	e.obs.RefreshDone(ctx, entra.RefreshDoneInfo{At: time.Now(), Trigger: entra.TriggerScheduled, Attempts: 1, ExpiresOn: t.ExpiresOn})
}

func (e *events) failed(err error) {
	e.obs.AttemptDone(context.Background(), entra.AttemptDoneInfo{At: time.Now(), Attempt: 1, Err: err})
}

func (e *events) opened(c entra.ConnInfo) {
	e.obs.ConnOpened(context.Background(), entra.ConnOpenedInfo{At: time.Now(), Conn: c})
}

func (e *events) authenticated(c entra.ConnInfo, t entra.TokenTimes, err error) {
	e.obs.AuthDone(context.Background(), entra.AuthDoneInfo{At: time.Now(), Conn: c, Phase: entra.AuthInitial, Token: t, Err: err})
}

func (e *events) closed(c entra.ConnInfo, reason entra.CloseReason, held time.Time, unrenewable string) {
	e.obs.ConnClosed(context.Background(), entra.ConnClosedInfo{At: time.Now(), Conn: c, Reason: reason, TokenExpiresOn: held, Unrenewable: unrenewable})
}

func (e *events) rotate(n int, t entra.TokenTimes) context.Context {
	return e.obs.RotationStart(context.Background(), entra.RotationStartInfo{
		At: time.Now(), Library: "go-redis", Pool: "cache", ServerAddr: "cache.example:6380", Connections: n, Window: 10 * time.Minute, ExpiresOn: t.ExpiresOn,
	})
}

func (e *events) rotated(ctx context.Context) {
	e.obs.RotationDone(ctx, entra.RotationDoneInfo{At: time.Now(), Library: "go-redis", Pool: "cache", ServerAddr: "cache.example:6380"})
}

// pool returns the only one there is.
func (e *events) pool(now time.Time) census.Pool {
	e.t.Helper()
	pools := e.c.Snapshot(now).Pools
	if len(pools) != 1 {
		e.t.Fatalf("%d pools, want 1", len(pools))
	}
	return pools[0]
}

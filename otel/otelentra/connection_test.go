package otelentra_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/otelentra"
)

func reasonKey(r entra.CloseReason) attribute.KeyValue {
	return attribute.String("entraredis.connection.retire.reason", string(r))
}

func TestCountersOfAPoolBeginAtZero(t *testing.T) {
	tel := newTelemetry(t)
	tel.obs.ConnOpened(t.Context(), entra.ConnOpenedInfo{Conn: conn(1)})
	retired := []entra.CloseReason{
		entra.CloseAuthRejected, entra.CloseAuthTimeout, entra.CloseExpired, entra.CloseUnsupported, entra.CloseProtocol,
	}
	for _, reason := range append(retired, entra.CloseByServer) {
		if n := tel.count("entraredis.connection.reconnections", pool(reasonKey(reason))); n != 0 {
			t.Errorf("reconnections after %s begin at %d", reason, n)
		}
	}
	for _, reason := range retired {
		if n := tel.count("entraredis.connection.retirements", pool(reasonKey(reason))); n != 0 {
			t.Errorf("retirements for %s begin at %d", reason, n)
		}
	}
}

func TestRetirementsAreCountedAsTokenEnds(t *testing.T) {
	tel := newTelemetry(t)
	tel.obs.ConnOpened(t.Context(), entra.ConnOpenedInfo{Conn: conn(1)})
	for reason, want := range map[entra.CloseReason]int64{
		entra.CloseByClient: -1, entra.CloseByServer: -1, entra.CloseAuthRejected: 1, entra.CloseAuthTimeout: 1,
		entra.CloseExpired: 1, entra.CloseUnsupported: 1, entra.CloseProtocol: 1,
	} {
		tel.closed(conn(1), reason, entra.TokenTimes{})
		if n := tel.count("entraredis.connection.retirements", pool(reasonKey(reason))); n != want {
			t.Errorf("%s: %d, want %d", reason, n, want)
		}
	}
}

func TestReconnectSpanSaysWhatWasLostAndForHowLong(t *testing.T) {
	tel := newTelemetry(t)
	token := life(time.Now())
	tel.closed(conn(1), entra.CloseByServer, token)
	ctx, dial := tel.tracers.Tracer("program").Start(t.Context(), "dial")
	ctx = tel.login(ctx, conn(2), token, nil)
	dial.End()
	tel.obs.Reconnected(ctx, entra.ReconnectedInfo{Conn: conn(2), Reason: entra.CloseByServer, After: 7 * time.Second})
	if n := tel.count("entraredis.connection.reconnections", pool(reasonKey(entra.CloseByServer))); n != 1 {
		t.Errorf("%d counted", n)
	}
	if !tel.records {
		return
	}
	s := tel.one("reconnect")
	tel.isRoot(s, tel.one("AUTH"))
	tel.has(s, "entraredis.connection.retire.reason", "server_closed", "entraredis.reconnect.outage", "7", "server.address", "cache.example")
	if took := s.EndTime().Sub(s.StartTime()); took != 7*time.Second || s.SpanKind() != trace.SpanKindInternal {
		t.Errorf("it lasts %s and is %v", took, s.SpanKind())
	}
}

// gauge checks the values of a gauge or an observed sum.
func gauge[N int64 | float64](tel *telemetry, name, unit string, sum bool, points ...metricdata.DataPoint[N]) {
	tel.Helper()
	got := tel.metrics()[name]
	want := metricdata.Metrics{Name: name, Description: got.Description, Unit: unit, Data: metricdata.Gauge[N]{DataPoints: points}}
	if sum {
		want.Data = metricdata.Sum[N]{DataPoints: points, Temporality: metricdata.CumulativeTemporality}
	}
	metricdatatest.AssertEqual(tel.T, want, got, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
}

func at[N int64 | float64](v N, attrs attribute.Set) metricdata.DataPoint[N] {
	return metricdata.DataPoint[N]{Value: v, Attributes: attrs}
}

func states(tel *telemetry, current, stale, atRisk, expired int64) {
	tel.Helper()
	state := func(s string) attribute.Set { return pool(attribute.String("entraredis.connection.token_state", s)) }
	gauge(tel, "entraredis.connection.active", "{connection}", true,
		at(current, state("current")), at(stale, state("stale")), at(atRisk, state("at_risk")), at(expired, state("expired")))
}

func TestGaugesFollowTheConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		old := life(time.Now())
		tel.refresh(entra.TriggerInitial, old, nil)
		for id := range uint64(3) {
			tel.login(t.Context(), conn(id), old, nil)
		}
		time.Sleep(time.Hour)
		recent := life(time.Now())
		tel.refresh(entra.TriggerScheduled, recent, nil)
		ctx := tel.rotate(3, recent)
		tel.auth(context.Background(), conn(0), entra.AuthRotation, recent, time.Millisecond, nil)

		states(tel, 1, 2, 0, 0)
		gauge(tel, "entraredis.token.time_to_expiry", "s", false, at(75*60., identity()))
		gauge(tel, "entraredis.connection.time_to_expiry.min", "s", false, at(15*60., pool()))
		gauge(tel, "entraredis.connection.token_age.max", "s", false, at(3600., pool()))
		gauge(tel, "entraredis.connection.token_age.min", "s", false, at(0., pool()))
		gauge(tel, "entraredis.rotation.window", "s", false, at(600., pool()))
		gauge(tel, "entraredis.rotation.pending", "{connection}", true, at(int64(2), pool()))

		time.Sleep(12 * time.Minute)
		states(tel, 1, 0, 2, 0)
		time.Sleep(5 * time.Minute)
		states(tel, 1, 0, 0, 2)
		gauge(tel, "entraredis.connection.time_to_expiry.min", "s", false, at(-2*60., pool()))

		tel.rotated(ctx, 1, 0)
		tel.closed(conn(0), entra.CloseByClient, recent)
		tel.closed(conn(1), entra.CloseExpired, old)
		tel.closed(conn(2), entra.CloseExpired, old)
		states(tel, 0, 0, 0, 0)
		gauge(tel, "entraredis.rotation.window", "s", false, at(0., pool()))
		gauge(tel, "entraredis.rotation.pending", "{connection}", true, at(int64(0), pool()))
		for _, name := range []string{"connection.time_to_expiry.min", "connection.token_age.max", "connection.token_age.min"} {
			if _, there := tel.metrics()["entraredis."+name]; there {
				t.Errorf("%s of no connection", name)
			}
		}
	})
}

func TestFailuresInARowRiseAndFall(t *testing.T) {
	tel := newTelemetry(t)
	failures := func(want int64) {
		t.Helper()
		gauge(tel, "entraredis.token.refresh.consecutive_failures", "{failure}", false, at(want, identity()))
	}
	failures(0)
	ctx := tel.obs.RefreshStart(t.Context(), entra.RefreshStartInfo{Trigger: entra.TriggerInitial})
	for i := range 3 {
		tel.obs.AttemptDone(ctx, entra.AttemptDoneInfo{Attempt: i + 1, Err: &entra.RefreshError{Kind: entra.KindNetwork, Attempt: i + 1}})
	}
	failures(3)
	if _, there := tel.metrics()["entraredis.token.time_to_expiry"]; there {
		t.Error("the expiry of no token is known")
	}
	tel.obs.RefreshDone(ctx, entra.RefreshDoneInfo{ExpiresOn: time.Now().Add(time.Hour)})
	failures(0)
}

func TestGaugesEndWithTheirLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lifetime, end := context.WithCancel(t.Context())
		tel := newTelemetry(t, otelentra.WithLifetime(lifetime))
		if len(tel.metrics()) == 0 {
			t.Fatal("there are none")
		}
		end()
		synctest.Wait()
		if all := tel.metrics(); len(all) != 0 {
			t.Errorf("%d are left", len(all))
		}
	})
}

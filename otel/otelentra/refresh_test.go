package otelentra_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/otelentra"
)

func TestRecoveredRefreshSucceedsAndItsAttemptFails(t *testing.T) {
	tel := newTelemetry(t)
	tel.refresh(entra.TriggerScheduled, life(time.Now()),
		&entra.RefreshError{Kind: entra.KindThrottled, Status: 429, Code: "AADSTS50196", Attempt: 1, Err: errors.New("secret words")}, nil)

	if !tel.records {
		return
	}
	refresh, requests := tel.one("refresh token"), tel.named("request token")
	tel.isRoot(refresh)
	tel.has(refresh, "entraredis.token.refresh.trigger", "scheduled", "entraredis.token.refresh.attempts", "2",
		"entraredis.token.remaining_lifetime", "900", "entraredis.identity.name", "default", "error.type", "")
	if refresh.Status().Code != codes.Unset || refresh.SpanKind() != trace.SpanKindInternal {
		t.Errorf("the refresh has status %v and kind %v", refresh.Status(), refresh.SpanKind())
	}
	if len(requests) != 2 {
		t.Fatalf("%d requests", len(requests))
	}
	for _, r := range requests {
		if r.Parent().SpanID() != refresh.SpanContext().SpanID() || r.SpanKind() != trace.SpanKindInternal {
			t.Error("a request is no part of its refresh")
		}
	}
	tel.has(requests[0], "error.type", "throttled", "http.response.status_code", "429", "entraredis.token.request.error_code", "AADSTS50196",
		"entraredis.token.request.attempt", "1", "entraredis.token.request.claims", "false")
	tel.has(requests[1], "error.type", "", "http.response.status_code", "", "entraredis.token.request.attempt", "2", "entraredis.token.request.unchanged", "false")
	if got := requests[0].Status(); got.Code != codes.Error || got.Description != "throttled" {
		t.Errorf("the failed attempt has status %v", got)
	}
}

func TestRefreshesAreMeasured(t *testing.T) {
	tel := newTelemetry(t)
	tel.refresh(entra.TriggerForced, life(time.Now()), &entra.RefreshError{Kind: entra.KindRejected, Status: 401, Attempt: 1}, nil)
	histogram := func(buckets []float64, points ...metricdata.HistogramDataPoint[float64]) metricdata.Histogram[float64] {
		for i := range points {
			points[i].Bounds = buckets
			points[i].Count = 1
			points[i].BucketCounts = make([]uint64, len(buckets)+1)
		}
		return metricdata.Histogram[float64]{Temporality: metricdata.CumulativeTemporality, DataPoints: points}
	}
	point := func(attrs attribute.Set) metricdata.HistogramDataPoint[float64] {
		return metricdata.HistogramDataPoint[float64]{Attributes: attrs}
	}
	want := map[string]metricdata.Histogram[float64]{
		"entraredis.token.refresh.duration": histogram([]float64{.1, .5, 1, 5, 30, 120}, point(identity())),
		"entraredis.token.request.duration": histogram([]float64{.05, .1, .5, 1, 5, 30},
			point(identity()), point(identity(anyFailure()))),
		"entraredis.token.refresh.remaining_lifetime": histogram(
			[]float64{0, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400}, point(identity())),
	}
	got := tel.metrics()
	for name, data := range want {
		metricdatatest.AssertEqual(t, metricdata.Metrics{Name: name, Description: got[name].Description, Unit: "s", Data: data}, got[name],
			metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreValue(), metricdatatest.IgnoreExemplars())
	}
}

func TestTheFirstTokenReplacesNone(t *testing.T) {
	tel := newTelemetry(t)
	ctx := tel.obs.RefreshStart(t.Context(), entra.RefreshStartInfo{Trigger: entra.TriggerInitial})
	tel.obs.RefreshDone(ctx, entra.RefreshDoneInfo{Trigger: entra.TriggerInitial, ExpiresOn: time.Now().Add(time.Hour)})
	if _, there := tel.metrics()["entraredis.token.refresh.remaining_lifetime"]; there {
		t.Error("the life of no token was recorded")
	}
	if !tel.records {
		return
	}
	tel.has(tel.one("refresh token"), "entraredis.token.remaining_lifetime", "")
}

func TestErrorTypesOfRefreshes(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"network", &entra.RefreshError{Kind: entra.KindNetwork}, "network"},
		{"rejected", &entra.RefreshError{Kind: entra.KindRejected}, "rejected"},
		{"malformed", &entra.RefreshError{Kind: entra.KindMalformed}, "malformed"},
		{"timed out", &entra.RefreshError{Kind: entra.KindTimedOut}, "timed_out"},
		{"a kind of the future", &entra.RefreshError{Kind: "tired"}, "_OTHER"},
		{"closed", entra.ErrClosed, "closed"},
		{"overtaken", context.Canceled, "canceled"},
		{"anything else", errors.New("words"), "_OTHER"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tel := newTelemetry(t)
			tel.refresh(entra.TriggerInitial, life(time.Now()), test.err)
			failed := int64(1)
			if test.want == "closed" || test.want == "canceled" {
				failed = -1
			}
			if n := tel.count("entraredis.token.request.duration", identity(anyFailure())); n != failed {
				t.Errorf("%d on the metric", n)
			}
			if tel.records {
				tel.has(tel.one("request token"), "error.type", test.want)
			}
		})
	}
}

func TestARefreshThatIsCutOffHasFailed(t *testing.T) {
	tel := newTelemetry(t, otelentra.WithTokenSource(otelentra.ManagedIdentity))
	ctx := tel.obs.RefreshStart(t.Context(), entra.RefreshStartInfo{Trigger: entra.TriggerInitial})
	tel.obs.RefreshDone(ctx, entra.RefreshDoneInfo{Trigger: entra.TriggerInitial, Err: entra.ErrClosed})
	if !tel.records {
		return
	}
	refresh := tel.one("refresh token")
	tel.has(refresh, "error.type", "closed", "entraredis.token.source", "managed_identity")
	if refresh.Status().Code != codes.Error {
		t.Errorf("status %v", refresh.Status())
	}
}

func TestSpansOfTheCredentialGoBelowTheirRequest(t *testing.T) {
	tel := newTelemetry(t)
	ctx := tel.obs.RefreshStart(t.Context(), entra.RefreshStartInfo{Trigger: entra.TriggerInitial})
	ctx = tel.obs.AttemptStart(ctx, entra.AttemptStartInfo{Attempt: 1})
	_, span := tel.tracers.Tracer("program").Start(ctx, "ManagedIdentityCredential.GetToken")
	span.End()
	tel.obs.AttemptDone(ctx, entra.AttemptDoneInfo{Attempt: 1})
	if !tel.records {
		return
	}
	if tel.one("ManagedIdentityCredential.GetToken").Parent().SpanID() != tel.one("request token").SpanContext().SpanID() {
		t.Error("it goes elsewhere")
	}
}

// Prometheus takes a sum that falls for a restart.
func TestARenewalAfterExpiryDoesNotLowerTheSum(t *testing.T) {
	tel := newTelemetry(t)
	for _, left := range []time.Duration{15 * time.Minute, -time.Hour} {
		ctx := tel.obs.RefreshStart(t.Context(), entra.RefreshStartInfo{Trigger: entra.TriggerScheduled})
		tel.obs.RefreshDone(ctx, entra.RefreshDoneInfo{Trigger: entra.TriggerScheduled, Remaining: left, ExpiresOn: time.Now().Add(time.Hour)})
	}
	p := tel.metrics()["entraredis.token.refresh.remaining_lifetime"].Data.(metricdata.Histogram[float64]).DataPoints[0]
	if p.Sum != 900 || p.Count != 2 || p.BucketCounts[0] != 1 {
		t.Errorf("sum %v, count %d, too late %d", p.Sum, p.Count, p.BucketCounts[0])
	}
	if !tel.records {
		return
	}
	tel.has(tel.named("refresh token")[1], "entraredis.token.remaining_lifetime", "-3600")
}

// The dashboard finds processes by it, also those that never had a token and so have no connection.
func TestFailuresInARowAreThereBeforeTheFirstToken(t *testing.T) {
	tel := newTelemetry(t)
	ctx := tel.obs.RefreshStart(t.Context(), entra.RefreshStartInfo{Trigger: entra.TriggerInitial})
	tel.obs.AttemptDone(ctx, entra.AttemptDoneInfo{Attempt: 1, Err: &entra.RefreshError{Kind: entra.KindRejected, Attempt: 1}})
	if _, there := tel.metrics()["entraredis.token.refresh.consecutive_failures"]; !there {
		t.Error("nothing tells of this process")
	}
}

// The observer may be called long after an event.
func TestSpansHaveTheTimesOfTheirEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		o, began, token := tel.given, time.Now(), life(time.Now())
		time.Sleep(time.Hour)
		at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
		refresh := o.RefreshStart(t.Context(), entra.RefreshStartInfo{At: at(1)})
		request := o.AttemptStart(refresh, entra.AttemptStartInfo{At: at(2), Attempt: 1})
		o.AttemptDone(request, entra.AttemptDoneInfo{At: at(3), Attempt: 1})
		o.RefreshDone(refresh, entra.RefreshDoneInfo{At: at(4), ExpiresOn: token.ExpiresOn})
		o.ConnOpened(t.Context(), entra.ConnOpenedInfo{At: at(5), Conn: conn(1)})
		login := o.AuthStart(t.Context(), entra.AuthStartInfo{At: at(6), Conn: conn(1), Phase: entra.AuthInitial, Token: token})
		o.AuthDone(login, entra.AuthDoneInfo{At: at(7), Conn: conn(1), Phase: entra.AuthInitial, Token: token})
		rotation := o.RotationStart(t.Context(), entra.RotationStartInfo{At: at(8), Library: "go-redis", Pool: "cache", ServerAddr: serverAddr})
		o.RotationDone(rotation, entra.RotationDoneInfo{At: at(9), Library: "go-redis", Pool: "cache", ServerAddr: serverAddr})
		o.Reconnected(login, entra.ReconnectedInfo{At: at(11), Conn: conn(1), After: time.Second})
		if !tel.records {
			return
		}
		for name, second := range map[string]int{"refresh token": 1, "request token": 2, "AUTH": 6, "rotate connections": 8, "reconnect": 10} {
			end := second + 1
			if name == "refresh token" {
				end = 4
			}
			if s := tel.one(name); !s.StartTime().Equal(at(second)) || !s.EndTime().Equal(at(end)) {
				t.Errorf("%q lasts from %v to %v after the beginning, want %ds to %ds",
					name, s.StartTime().Sub(began), s.EndTime().Sub(began), second, end)
			}
		}
	})
}

// A cache in front of Entra may give the current token for ever. No request fails.
func TestARefreshThatGetsTheCurrentTokenIsInTracesToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		ctx := tel.obs.RefreshStart(t.Context(), entra.RefreshStartInfo{Trigger: entra.TriggerScheduled})
		for i := range 7 {
			attempt := tel.obs.AttemptStart(ctx, entra.AttemptStartInfo{Attempt: i + 1})
			tel.obs.AttemptDone(attempt, entra.AttemptDoneInfo{Attempt: i + 1, Unchanged: true})
			time.Sleep(30 * time.Second)
		}
		if !tel.records {
			return
		}
		spans := tel.named("refresh token")
		if len(spans) != 2 {
			t.Fatalf("%d spans have ended after 3 minutes, want 2", len(spans))
		}
		tel.isRoot(spans[0])
		tel.isRoot(spans[1], spans[0])
		for i, attempts := range []string{"3", "6"} {
			tel.has(spans[i], "error.type", "", "entraredis.token.refresh.attempts", attempts)
		}
	})
}

// While a refresh waits for its next request it has no span that could end.
func TestClosingBetweenRequestsOfALongOutageEndsNoSpanTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		failed := &entra.RefreshError{Kind: entra.KindRejected, Attempt: 1, RetryAt: time.Now().Add(5 * time.Minute)}
		ctx := tel.obs.RefreshStart(t.Context(), entra.RefreshStartInfo{Trigger: entra.TriggerInitial})
		attempt := tel.obs.AttemptStart(ctx, entra.AttemptStartInfo{Attempt: 1})
		tel.obs.AttemptDone(attempt, entra.AttemptDoneInfo{Attempt: 1, Err: failed})
		if tel.records {
			tel.has(tel.one("refresh token"), "error.type", "rejected") // there will be no request for 5 minutes
		}
		time.Sleep(time.Minute)
		tel.obs.RefreshDone(ctx, entra.RefreshDoneInfo{Trigger: entra.TriggerInitial, Err: entra.ErrClosed})
		if tel.records {
			tel.has(tel.one("refresh token"), "error.type", "rejected")
		}
	})
}

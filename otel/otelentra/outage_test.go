package otelentra_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A cache is away for 12 minutes, longer than the return of connections has to do with its load.
func TestTheReturnAfterALongOutageIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const connections = 60
		s := newService(t, redis.Options{PoolSize: connections, MaxRetries: -1, ConnMaxIdleTime: -1})
		defer s.close()
		s.fill(connections)
		away := s.gateway.Inject(entratest.WireFault{RefuseConn: true})
		lost := s.gateway.DropAll()
		for range 12 {
			s.fill(connections)
			time.Sleep(time.Minute)
		}
		away.Remove()
		for range 10 { // go-redis dials with a backoff
			s.fill(connections)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if n := s.count("entraredis.connection.reconnections", atGateway(reasonKey(entra.CloseByServer))); n != connections || lost != connections {
			t.Errorf("%d of %d connections that were lost have come back, want %d", n, lost, connections)
		}
		if !s.records {
			return
		}
		spans := s.named("reconnect")
		if len(spans) != connections {
			t.Fatalf("%d spans of reconnects, want %d", len(spans), connections)
		}
		for _, span := range spans {
			if outage := span.EndTime().Sub(span.StartTime()); outage < 12*time.Minute || outage > 14*time.Minute {
				t.Errorf("an outage lasts %v", outage)
			}
		}
	})
}

// Entra is down from before a renewal on. Traces show it while it is.
func TestAFailingRefreshIsInTracesWhileItFails(t *testing.T) {
	tests := []struct {
		name    string
		fault   entratest.Fault
		want    string
		outage  time.Duration
		visible time.Duration // how long after the renewal has begun to fail
	}{
		{"Entra does not answer well", entratest.Fault{Status: 503}, "network", 12 * time.Minute, 75 * time.Second},
		{"Entra rejects", entratest.Fault{Status: 401}, "rejected", 12 * time.Minute, 75 * time.Second},
		{"for longer than the token lives", entratest.Fault{Status: 503}, "network", time.Hour, 75 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, redis.Options{PoolSize: 1})
				defer s.close()
				if err := s.client.Ping(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
				_, newer := s.src.Latest()
				fault := s.sts.Inject(test.fault)
				for s.failuresInARow() == 0 {
					time.Sleep(time.Second)
				}
				began := time.Now()
				time.Sleep(test.visible)
				synctest.Wait()
				if n := len(s.named("refresh token")); s.records && n < 2 { // the first is that of the first token
					t.Errorf("%d refreshes are in traces %v after the first failure", n, test.visible)
				}
				time.Sleep(test.outage - test.visible)
				synctest.Wait()
				if s.records {
					s.failing(test.want, began, time.Now())
				}
				fault.Remove()
				<-newer
				synctest.Wait()
				s.renewals(map[string]int64{"initial": 1, "scheduled": 1})
				if !s.records {
					return
				}
				spans := s.named("refresh token")[1:]
				last := spans[len(spans)-1]
				if last.Status().Code != codes.Unset {
					t.Errorf("the last span of the refresh has status %v", last.Status())
				}
				s.isRoot(last, spans[len(spans)-2])
				traces := map[string]int{}
				for _, span := range s.spans.Ended() {
					traces[span.SpanContext().TraceID().String()]++
				}
				for _, n := range traces {
					if n > 30 {
						t.Errorf("a trace has %d spans", n)
					}
				}
				for _, request := range s.named("request token") {
					if !slices.ContainsFunc(s.named("refresh token"), func(r trace.ReadOnlySpan) bool {
						return r.SpanContext().SpanID() == request.Parent().SpanID()
					}) {
						t.Error("a request is below no refresh")
					}
				}
			})
		})
	}
}

// failing checks the spans of a refresh that has failed for some time: they cover it, and each is linked to the one before.
func (s *service) failing(want string, began, now time.Time) {
	s.Helper()
	spans := s.named("refresh token")[1:]
	for i, span := range spans {
		s.has(span, "error.type", want, "entraredis.token.refresh.trigger", "scheduled")
		if span.Status().Code != codes.Error {
			s.Errorf("span %d has status %v", i, span.Status())
		}
		if took := span.EndTime().Sub(span.StartTime()); took > 2*time.Minute {
			s.Errorf("span %d lasts %v", i, took)
		}
		if i > 0 {
			s.isRoot(span, spans[i-1])
		}
	}
	if silent := now.Sub(spans[len(spans)-1].EndTime()); silent > 6*time.Minute || len(spans) < 2 {
		s.Errorf("%d spans since %v, none for %v", len(spans), now.Sub(began), silent)
	}
}

// failuresInARow returns what the gauge says.
func (s *service) failuresInARow() int64 {
	s.Helper()
	synctest.Wait() // for the observer
	return s.metrics()["entraredis.token.refresh.consecutive_failures"].Data.(metricdata.Gauge[int64]).DataPoints[0].Value
}

package otelentra_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/otelentra"
)

// withSampler returns telemetry whose provider has that sampler.
func withSampler(t *testing.T, s trace.Sampler) *telemetry {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	p := recording(spans, trace.WithSampler(s))
	tel := newTelemetryWith(t, kindOf(t, "always"), otelentra.WithTracerProvider(p))
	tel.tracers, tel.spans = p, spans
	return tel
}

// A strict sampler keeps nothing, and notes what it is asked about.
type strict struct{ asked *[]string }

// ShouldSample implements [trace.Sampler].
func (s strict) ShouldSample(p trace.SamplingParameters) trace.SamplingResult {
	*s.asked = append(*s.asked, p.Name)
	return trace.SamplingResult{Decision: trace.Drop}
}

// Description implements [trace.Sampler].
func (s strict) Description() string { return "strict" }

func TestTheSamplerKeepsEverySpanOfOurs(t *testing.T) {
	all := newTelemetryWith(t, kindOf(t, "always"))
	everything(all)
	var asked []string
	tel := withSampler(t, otelentra.NewSampler(strict{&asked}))
	everything(tel)
	want, got := map[string]int{}, map[string]int{}
	for _, s := range all.spans.Ended() {
		want[s.Name()]++
	}
	for _, s := range tel.spans.Ended() {
		if got[s.Name()]++; !s.SpanContext().IsSampled() {
			t.Errorf("%q is recorded and not sampled", s.Name())
		}
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%d spans %q, want %d", got[name], name, n)
		}
	}
	if len(want) != 5 || len(asked) != 0 {
		t.Errorf("%d names of spans; the other sampler was asked about %q", len(want), asked)
	}
}

// The spans of the program are what they were without our sampler, whether it has one or the SDK's default.
func TestTheSamplerLeavesOtherSpansAlone(t *testing.T) {
	base := trace.ParentBased(trace.TraceIDRatioBased(.05))
	tests := map[string]struct{ given, same trace.Sampler }{
		"ratio": {base, base},
		"nil":   {nil, trace.ParentBased(trace.AlwaysSample())},
		"never": {trace.NeverSample(), trace.NeverSample()},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tel := withSampler(t, otelentra.NewSampler(test.given))
			for range 1000 {
				ctx, root := tel.tracers.Tracer("program").Start(t.Context(), "root")
				_, child := tel.tracers.Tracer("program").Start(ctx, "child")
				asked := trace.SamplingParameters{ParentContext: context.Background(), TraceID: root.SpanContext().TraceID()}
				want := test.same.ShouldSample(asked).Decision == trace.RecordAndSample
				if root.SpanContext().IsSampled() != want || child.SpanContext().IsSampled() != want {
					t.Fatalf("a root is sampled: %v, its child: %v, want %v", root.SpanContext().IsSampled(), child.SpanContext().IsSampled(), want)
				}
			}
		})
	}
	if d := otelentra.NewSampler(base).Description(); !strings.Contains(d, base.Description()) {
		t.Errorf("it describes itself as %s", d)
	}
}

// What a night on call is about, in traces that keep 5 of 100: Entra is down for 12 minutes, the cache refuses the new
// token on 200 connections, and ends all of them.
func TestTroubleIsInTracesThatKeepFewSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const connections = 200
		tel := withSampler(t, otelentra.NewSampler(trace.ParentBased(trace.TraceIDRatioBased(.05))))
		s := newServiceWith(tel, redis.Options{PoolSize: connections, MaxRetries: -1, ConnMaxIdleTime: -1})
		defer s.close()
		s.fill(connections)
		until := func(what string, reached func() bool) {
			t.Helper()
			for range 5000 {
				if synctest.Wait(); reached() {
					return
				}
				s.fill(connections) // idle connections are closed by the gateway
				time.Sleep(time.Minute)
			}
			t.Fatalf("%s is never in a trace", what)
		}
		errorTypes := func(name, key, value string) (n int) {
			for _, span := range s.named(name) {
				if valueOf(span.Attributes(), key) == value {
					n++
				}
			}
			return n
		}
		down := s.sts.Inject(entratest.Fault{Status: 503})
		until("the outage of Entra", func() bool { return errorTypes("refresh token", "error.type", "network") >= 3 })
		refusing := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS invalid username-password pair", RotationOnly: true})
		down.Remove()
		until("the refusal of renewals", func() bool { return errorTypes("AUTH", "error.type", "WRONGPASS") > 0 })
		refusing.Remove()
		until("the rotation", func() bool { return len(s.named("rotate connections")) > 0 })
		s.gateway.DropAll()
		s.fill(connections)
		until("the return of the connections", func() bool {
			return errorTypes("reconnect", "entraredis.connection.retire.reason", "server_closed") >= connections
		})
	})
}

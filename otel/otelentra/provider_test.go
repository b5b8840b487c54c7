package otelentra_test

import (
	"context"
	"encoding/binary"
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"
)

var providerName = flag.String("provider", "always", "the tracer provider that every test runs with, by its name in providerKinds")

// A providerKind is a tracer provider that a program may have. Each makes spans of other types; values of most types of
// spans that are not recorded are not comparable.
type providerKind struct {
	name    string
	records bool // every span
	make    func(*tracetest.SpanRecorder) provided
}

// What is provided is a tracer provider, and what becomes of it.
type provided struct {
	tracers    trace.TracerProvider // nil for the global one
	inRotation func()               // to be called when the first rotation has begun, may be nil
}

func providerKinds() []providerKind {
	stop := func(p interface{ Shutdown(context.Context) error }) { _ = p.Shutdown(context.Background()) } // there is nothing to flush
	return []providerKind{
		{"always", true, func(spans *tracetest.SpanRecorder) provided { return provided{tracers: recording(spans)} }},
		{"unset", false, func(*tracetest.SpanRecorder) provided { return provided{} }},
		{"no-op", false, func(*tracetest.SpanRecorder) provided { return provided{tracers: noop.NewTracerProvider()} }},
		{"never", false, func(spans *tracetest.SpanRecorder) provided { return provided{tracers: never(spans)} }},
		{"ratio", false, func(spans *tracetest.SpanRecorder) provided { return provided{tracers: half(spans)} }},
		{"late", false, func(spans *tracetest.SpanRecorder) provided {
			p := &lateProvider{}
			return provided{p, func() { p.set.Store(recording(spans)) }}
		}},
		{"late global", false, func(spans *tracetest.SpanRecorder) provided {
			return provided{inRotation: func() { otel.SetTracerProvider(recording(spans)) }}
		}},
		{"shut down", false, func(spans *tracetest.SpanRecorder) provided {
			p := recording(spans)
			stop(p)
			return provided{tracers: p}
		}},
		{"shut down in a rotation", false, func(*tracetest.SpanRecorder) provided {
			p := recording(tracetest.NewSpanRecorder()) // it sees spans start that it does not see end
			return provided{p, func() { stop(p) }}
		}},
	}
}

func kindOf(t *testing.T, name string) providerKind {
	t.Helper()
	kinds := providerKinds()
	i := slices.IndexFunc(kinds, func(k providerKind) bool { return k.name == name })
	if i < 0 {
		t.Fatalf("no tracer provider is called %q", name)
	}
	return kinds[i]
}

// alternatingIDs make a sampler by ratio take every second trace.
type alternatingIDs struct{ n atomic.Uint64 }

func (ids *alternatingIDs) NewIDs(ctx context.Context) (id trace.TraceID, _ trace.SpanID) {
	n := ids.n.Add(1)
	binary.BigEndian.PutUint64(id[8:], n<<63|n) // the sampler looks at these 8 bytes, the first bit tells odd from even
	return id, ids.NewSpanID(ctx, id)
}

func (ids *alternatingIDs) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	binary.BigEndian.PutUint64(id[:], ids.n.Add(2)) // leaves odd and even as they were
	return id
}

// A lateProvider does what the global provider does before and after it is set. That one passes on to another provider
// once in a process, so the kind "late global" is late in one test only.
type lateProvider struct {
	embedded.TracerProvider
	set atomic.Value // of the *trace.TracerProvider of the SDK
}

func (p *lateProvider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return lateTracer{provider: p, name: name, opts: opts}
}

type lateTracer struct {
	embedded.Tracer
	provider *lateProvider
	name     string
	opts     []trace.TracerOption
}

func (t lateTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	if p, ok := t.provider.set.Load().(trace.TracerProvider); ok {
		return p.Tracer(t.name, t.opts...).Start(ctx, name, opts...)
	}
	ctx = trace.ContextWithSpanContext(ctx, trace.SpanContextFromContext(ctx))
	return ctx, trace.SpanFromContext(ctx)
}

// ownProvider matches the tests that -provider does not change.
const ownProvider = "^(TestSuitePassesWithEveryTracerProvider|TestMetricsAreTheSameWithEveryTracerProvider|TestPanicInAnySDKCallLeavesNoLock|TestNoLockIsHeldDuringSDKCalls|TestAnAuthCosts.*|TestTheVersion.*)$"

// Each kind has a process of its own, because the global provider is one for the process. Tests of spans see all of them
// with the kind "always" alone; the others must neither panic nor block, and must count the same.
func TestSuitePassesWithEveryTracerProvider(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range providerKinds()[1:] { // this process is the first
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			suite := exec.CommandContext(t.Context(), program, "-provider", kind.name, "-test.run", "^Test", "-test.skip", ownProvider,
				"-test.v", "-test.timeout", "5m")
			out, err := suite.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, lastLines(string(out), 60))
			}
			if n := strings.Count(string(out), "\n--- PASS: "); n < 30 {
				t.Errorf("only %d tests ran", n)
			}
		})
	}
}

func TestMetricsAreTheSameWithEveryTracerProvider(t *testing.T) {
	measured := func(t *testing.T, kind providerKind) (m map[string]metricdata.Metrics) {
		synctest.Test(t, func(t *testing.T) {
			tel := newTelemetryWith(t, kind)
			everything(tel)
			rotateThousand(tel)
			m = tel.metrics()
		})
		return m
	}
	kinds := slices.DeleteFunc(providerKinds(), func(k providerKind) bool { return k.name == "late global" }) // not in this process
	want := measured(t, kinds[0])
	if len(want) < 15 {
		t.Fatalf("only %d metrics", len(want))
	}
	for _, kind := range kinds[1:] {
		t.Run(kind.name, func(t *testing.T) {
			got := measured(t, kind)
			if len(got) != len(want) {
				t.Errorf("%d metrics, want %d", len(got), len(want))
			}
			for name := range want {
				metricdatatest.AssertEqual(t, want[name], got[name], metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
			}
		})
	}
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

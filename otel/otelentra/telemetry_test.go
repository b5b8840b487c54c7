package otelentra_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/otelentra"
)

const serverAddr = "cache.example:6380"

// telemetry is an observer and all that it has reported.
type telemetry struct {
	*testing.T
	provided                 // of the whole program
	given    *entra.Observer // for a Source
	obs      *entra.Observer // for events of the test, which happen when it is called
	records  bool            // every span
	spans    *tracetest.SpanRecorder
	reader   *metric.ManualReader
}

// newTelemetry has the tracer provider that the flag asks for. Where it does not record every span, tests do without
// what they say about spans.
func newTelemetry(t *testing.T, opts ...otelentra.Option) *telemetry {
	t.Helper()
	return newTelemetryWith(t, kindOf(t, *providerName), opts...)
}

func newTelemetryWith(t *testing.T, kind providerKind, opts ...otelentra.Option) *telemetry {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	meters, reader := measuring()
	p := kind.make(spans)
	obs, err := otelentra.NewObserver(append([]otelentra.Option{
		otelentra.WithTracerProvider(p.tracers),
		otelentra.WithMeterProvider(meters),
		otelentra.WithMetrics(otelentra.MetricsAll),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	if p.tracers == nil {
		p.tracers = otel.GetTracerProvider()
	}
	if p.inRotation != nil {
		once := sync.OnceFunc(p.inRotation)
		obs = entra.JoinObservers(obs, &entra.Observer{
			RotationStart: func(ctx context.Context, _ entra.RotationStartInfo) context.Context { once(); return ctx },
		})
	}
	return &telemetry{t, p, obs, stamped(obs), kind.records, spans, reader}
}

// stamped returns an observer that notes in each event when it happens, as a Source does, and does what obs does.
func stamped(obs *entra.Observer) *entra.Observer {
	var all entra.Observer
	functions := reflect.ValueOf(obs).Elem()
	for i := range functions.NumField() {
		function := functions.Field(i)
		if function.Kind() != reflect.Func || function.IsNil() {
			continue
		}
		reflect.ValueOf(&all).Elem().Field(i).Set(reflect.MakeFunc(function.Type(), func(args []reflect.Value) []reflect.Value {
			info := reflect.New(args[1].Type()).Elem()
			info.Set(args[1])
			if at := info.FieldByName("At"); at.IsZero() {
				at.Set(reflect.ValueOf(time.Now()))
			}
			return function.Call([]reflect.Value{args[0], info})
		}))
	}
	return &all
}

// measuring returns a provider and the reader that collects from it.
func measuring() (*metric.MeterProvider, *metric.ManualReader) {
	reader := metric.NewManualReader()
	return metric.NewMeterProvider(metric.WithReader(reader)), reader
}

// named returns the spans of a name that have ended, with any target.
func (t *telemetry) named(name string) (found []trace.ReadOnlySpan) {
	for _, s := range t.spans.Ended() {
		if s.Name() == name || strings.HasPrefix(s.Name(), name+" ") {
			found = append(found, s)
		}
	}
	return found
}

// one returns the only span of a name.
func (t *telemetry) one(name string) trace.ReadOnlySpan {
	t.Helper()
	found := t.named(name)
	if len(found) != 1 {
		t.Fatalf("%d spans %q, want 1", len(found), name)
	}
	return found[0]
}

func valueOf(attrs []attribute.KeyValue, key string) string {
	for _, a := range attrs {
		if string(a.Key) == key {
			return fmt.Sprint(a.Value.AsInterface())
		}
	}
	return ""
}

// has checks attributes of a span, given as key and value in turn; an empty value stands for none.
func (t *telemetry) has(s trace.ReadOnlySpan, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := valueOf(s.Attributes(), pairs[i]); got != pairs[i+1] {
			t.Errorf("%s of span %q is %q, want %q", pairs[i], s.Name(), got, pairs[i+1])
		}
	}
}

// isRoot checks that a span has no parent and links to causes, in order.
func (t *telemetry) isRoot(s trace.ReadOnlySpan, causes ...trace.ReadOnlySpan) {
	t.Helper()
	if s.Parent().IsValid() {
		t.Errorf("span %q has a parent", s.Name())
	}
	t.links(s, causes...)
}

func (t *telemetry) links(s trace.ReadOnlySpan, causes ...trace.ReadOnlySpan) {
	t.Helper()
	if len(s.Links()) != len(causes) {
		t.Errorf("span %q has %d links, want %d", s.Name(), len(s.Links()), len(causes))
		return
	}
	for i, cause := range causes {
		if s.Links()[i].SpanContext.SpanID() != cause.SpanContext().SpanID() {
			t.Errorf("link %d of span %q does not lead to %q", i, s.Name(), cause.Name())
		}
	}
}

// metrics collects, by the names of instruments.
func (t *telemetry) metrics() map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := t.reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]metricdata.Metrics{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			found[m.Name] = m
		}
	}
	return found
}

// pool is the attributes that every measurement of a pool has, and more.
func pool(more ...attribute.KeyValue) attribute.Set {
	return attribute.NewSet(append(more,
		attribute.String("db.system.name", "redis"), attribute.String("server.address", "cache.example"), attribute.Int("server.port", 6380),
		attribute.String("db.client.connection.pool.name", "cache"), attribute.String("entraredis.client.library", "go-redis"))...)
}

// identity is the attributes that every measurement of tokens has, and more.
func identity(more ...attribute.KeyValue) attribute.Set {
	return attribute.NewSet(append(more, attribute.String("entraredis.identity.name", "default"))...)
}

func conn(id uint64) entra.ConnInfo {
	return entra.ConnInfo{
		Library: "go-redis", Pool: "cache", ID: id, ServerAddr: serverAddr, RemoteAddr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 4), Port: 6380},
	}
}

func life(issued time.Time) entra.TokenTimes {
	return entra.TokenTimes{IssuedAt: issued, RenewBy: issued.Add(72 * time.Minute), ExpiresOn: issued.Add(75 * time.Minute)}
}

// refresh reports one that took an attempt for each error, nil for the last as a rule.
func (t *telemetry) refresh(trigger entra.RefreshTrigger, token entra.TokenTimes, attempts ...error) {
	ctx := t.obs.RefreshStart(context.Background(), entra.RefreshStartInfo{Trigger: trigger})
	for i, err := range attempts {
		attempt := t.obs.AttemptStart(ctx, entra.AttemptStartInfo{Attempt: i + 1})
		t.obs.AttemptDone(attempt, entra.AttemptDoneInfo{Attempt: i + 1, Duration: 300 * time.Millisecond, Err: err})
	}
	t.obs.RefreshDone(ctx, entra.RefreshDoneInfo{
		Trigger: trigger, Attempts: len(attempts), Duration: 2 * time.Second, Remaining: 15 * time.Minute, ExpiresOn: token.ExpiresOn,
	})
}

// login reports a connection, and returns the context of its AUTH.
func (t *telemetry) login(ctx context.Context, c entra.ConnInfo, token entra.TokenTimes, err error) context.Context {
	ctx = context.WithoutCancel(t.obs.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: c}))
	return t.auth(ctx, c, entra.AuthInitial, token, time.Millisecond, err)
}

func (t *telemetry) auth(ctx context.Context, c entra.ConnInfo, phase entra.AuthPhase, token entra.TokenTimes, took time.Duration, err error) context.Context {
	ctx = t.obs.AuthStart(ctx, entra.AuthStartInfo{Conn: c, Phase: phase, Token: token})
	t.obs.AuthDone(ctx, entra.AuthDoneInfo{Conn: c, Phase: phase, Token: token, Duration: took, Err: err, Refused: isRefusal(err)})
	return ctx
}

// isRefusal reports whether an AUTH with that error was refused.
func isRefusal(err error) bool {
	var answer *entra.AuthError
	return errors.As(err, &answer) && !answer.Temporary()
}

func (t *telemetry) rotate(n int, token entra.TokenTimes) context.Context {
	return t.obs.RotationStart(context.Background(), entra.RotationStartInfo{
		Library: "go-redis", Pool: "cache", ServerAddr: serverAddr, Connections: n, Window: 10 * time.Minute, ExpiresOn: token.ExpiresOn,
	})
}

func (t *telemetry) rotated(ctx context.Context, renewed, refused int) {
	t.obs.RotationDone(ctx, entra.RotationDoneInfo{
		Library: "go-redis", Pool: "cache", ServerAddr: serverAddr, Duration: 9 * time.Minute, Renewed: renewed, Refused: refused,
	})
}

func (t *telemetry) closed(c entra.ConnInfo, reason entra.CloseReason, token entra.TokenTimes) {
	t.obs.ConnClosed(context.Background(), entra.ConnClosedInfo{Conn: c, Reason: reason, TokenExpiresOn: token.ExpiresOn})
}

// count returns the number of events with these attributes in a counter or histogram, -1 if it has none of them.
func (t *telemetry) count(name string, attrs attribute.Set) int64 {
	t.Helper()
	var n int64 = -1
	switch data := t.metrics()[name].Data.(type) {
	case nil:
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			if p.Attributes.Equals(&attrs) {
				n = p.Value
			}
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			if p.Attributes.Equals(&attrs) {
				n = int64(p.Count)
			}
		}
	default:
		t.Fatalf("%s is a %T", name, data)
	}
	return n
}

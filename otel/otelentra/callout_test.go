package otelentra_test

import (
	"context"
	"reflect"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/otelentra"
)

// A callout is called at the beginning of each call to the SDK that an event makes. The SDK calls code of the program:
// samplers, processors, filters, exporters.
type callout func()

type calloutTracers struct {
	trace.TracerProvider
	call callout
}

func (p calloutTracers) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return calloutTracer{p.TracerProvider.Tracer(name, opts...), p.call}
}

type calloutTracer struct {
	trace.Tracer
	call callout
}

func (t calloutTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	t.call()
	_, span := t.Tracer.Start(unwrapped(ctx), name, opts...)
	span = calloutSpan{span, t.call}
	return trace.ContextWithSpan(ctx, span), span
}

type calloutSpan struct {
	trace.Span
	call callout
}

func (s calloutSpan) SpanContext() trace.SpanContext { s.call(); return s.Span.SpanContext() }
func (s calloutSpan) SetAttributes(attrs ...attribute.KeyValue) {
	s.call()
	s.Span.SetAttributes(attrs...)
}
func (s calloutSpan) SetStatus(code codes.Code, why string) { s.call(); s.Span.SetStatus(code, why) }
func (s calloutSpan) End(opts ...trace.SpanEndOption)       { s.call(); s.Span.End(opts...) }

// unwrapped returns ctx with the SDK's own span: what the SDK calls while it records is not a call of the observer.
func unwrapped(ctx context.Context) context.Context {
	if s, ok := trace.SpanFromContext(ctx).(calloutSpan); ok {
		return trace.ContextWithSpan(ctx, s.Span)
	}
	return ctx
}

type calloutMeters struct {
	metric.MeterProvider
	call callout
}

func (p calloutMeters) Meter(name string, opts ...metric.MeterOption) metric.Meter {
	return calloutMeter{p.MeterProvider.Meter(name, opts...), p.call}
}

type calloutMeter struct {
	metric.Meter
	call callout
}

func (m calloutMeter) Float64Histogram(name string, opts ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	h, err := m.Meter.Float64Histogram(name, opts...)
	return calloutHistogram{h, m.call}, err
}

type calloutHistogram struct {
	metric.Float64Histogram
	call callout
}

func (h calloutHistogram) Record(ctx context.Context, v float64, opts ...metric.RecordOption) {
	h.call()
	h.Float64Histogram.Record(unwrapped(ctx), v, opts...)
}

// withCallout returns telemetry that recovers from panics as a Source does, and has call called before what the SDK does.
func withCallout(t *testing.T, call callout) *telemetry {
	t.Helper()
	meters, reader := measuring()
	tel := newTelemetryWith(t, kindOf(t, "always"),
		otelentra.WithTracerProvider(calloutTracers{recording(tracetest.NewSpanRecorder()), call}),
		otelentra.WithMeterProvider(calloutMeters{meters, call}))
	tel.obs, tel.reader = recovering(tel.obs), reader
	return tel
}

// recovering returns an observer that does what obs does, and whose Start functions return their context after a panic.
func recovering(obs *entra.Observer) *entra.Observer {
	safe := *obs
	fields := reflect.ValueOf(&safe).Elem()
	for i := range fields.NumField() {
		if !fields.Type().Field(i).IsExported() {
			continue
		}
		observe := reflect.ValueOf(fields.Field(i).Interface())
		fields.Field(i).Set(reflect.MakeFunc(observe.Type(), func(args []reflect.Value) (results []reflect.Value) {
			defer func() {
				if recover() != nil {
					results = args[:observe.Type().NumOut()]
				}
			}()
			return observe.Call(args)
		}))
	}
	return &safe
}

// Each call to the SDK panics once. What comes after it must not find a lock that stayed locked.
func TestPanicInAnySDKCallLeavesNoLock(t *testing.T) {
	calls := 0
	everything(withCallout(t, func() { calls++ }))
	if calls < 50 {
		t.Fatalf("only %d calls to the SDK", calls)
	}
	for panicking := range calls {
		n := 0
		tel := withCallout(t, func() {
			if n++; n == panicking+1 {
				panic("a processor of the program has a bug")
			}
		})
		everything(tel)
		before := tel.count("entraredis.rotation.duration", pool())
		everything(tel)
		if got := tel.count("entraredis.rotation.duration", pool()); got != max(0, before)+1 {
			t.Errorf("after a panic in call %d: %d rotations, want one more than %d", panicking+1, got, before)
		}
	}
}

// An SDK may collect at once what it is told, and collecting asks the observer for its gauges.
func TestNoLockIsHeldDuringSDKCalls(t *testing.T) {
	var tel *telemetry
	calls, collecting := 0, false
	tel = withCallout(t, func() {
		calls++
		if !collecting {
			collecting = true
			defer func() { collecting = false }()
			tel.metrics()
		}
	})
	everything(tel)
	if calls < 50 {
		t.Errorf("only %d calls to the SDK", calls)
	}
}

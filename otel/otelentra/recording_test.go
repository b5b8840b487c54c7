package otelentra_test

import (
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// recording returns a provider that keeps its spans in the recorder.
func recording(spans *tracetest.SpanRecorder, opts ...trace.TracerProviderOption) *trace.TracerProvider {
	return trace.NewTracerProvider(append(opts, trace.WithSpanProcessor(spans))...)
}

// never samples no trace.
func never(spans *tracetest.SpanRecorder) *trace.TracerProvider {
	return recording(spans, trace.WithSampler(trace.NeverSample()))
}

// half samples every second trace.
func half(spans *tracetest.SpanRecorder) *trace.TracerProvider {
	return recording(spans, trace.WithSampler(trace.TraceIDRatioBased(.5)), trace.WithIDGenerator(&alternatingIDs{}))
}

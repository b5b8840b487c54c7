package otelentra

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/semconv/v1.30.0"
	"go.opentelemetry.io/otel/trace"
)

// The caps on the spans of AUTHs in one rotation, see SpanPolicy.
const (
	maxNotable = 10
	maxAny     = 512
)

// slowAuth is how long an AUTH takes that is worth a span though it succeeded: a hundred times what it takes within
// a region.
const slowAuth = 100 * time.Millisecond

func (p SpanPolicy) cap() int {
	if p == SpansAll {
		return maxAny
	}
	return maxNotable
}

// notable reports whether there is to be a span of an AUTH in a rotation.
func (p SpanPolicy) notable(errorType string, took time.Duration) bool {
	switch p {
	case SpansNone:
		return false
	case SpansAll:
		return true
	case SpansFailuresAndSlow:
	}
	return errorType != "" || took >= slowAuth
}

// A mine is the key under which an observer finds its own span in a context. trace.SpanFromContext
// would not do: if code in between drops our context, it would find, and end, the span of the
// program.
type mine struct {
	of   *observer
	what string
}

// What spans are of, which is their names as well, but for AUTHs: these also name their target.
const (
	spanRefresh   = "refresh token"
	spanRequest   = "request token"
	spanRotate    = "rotate connections"
	spanAuth      = "AUTH"
	spanReconnect = "reconnect"
)

// start begins a span that own finds again. It began at the time of the event that tells of it, which may
// have waited for other events.
func (o *observer) start(ctx context.Context, what, name string, at time.Time, opts ...trace.SpanStartOption) context.Context {
	ctx, span := o.tracer.Start(ctx, name, append(opts, trace.WithTimestamp(at))...)
	return context.WithValue(ctx, mine{o, what}, span)
}

// own returns the span that start has begun, or one that does nothing.
func (o *observer) own(ctx context.Context, what string) trace.Span {
	if span, ok := ctx.Value(mine{o, what}).(trace.Span); ok {
		return span
	}
	return trace.SpanFromContext(context.Background())
}

// fail marks a span as failed, in the words of error.type and no others: what errors say is not for spans. The status
// of one that has not failed is left unset, as the conventions ask of libraries.
func fail(span trace.Span, errorType string) {
	if errorType != "" {
		span.SetAttributes(semconv.ErrorTypeKey.String(errorType))
		span.SetStatus(codes.Error, errorType)
	}
}

// linkTo links a span to its cause, if that has one.
func linkTo(cause trace.SpanContext) trace.SpanStartOption {
	if !cause.IsValid() {
		return trace.WithLinks()
	}
	return trace.WithLinks(trace.Link{SpanContext: cause})
}

// withAll is trace.WithAttributes for two lists.
func withAll(attrs []attribute.KeyValue, more ...attribute.KeyValue) trace.SpanStartOption {
	return trace.WithAttributes(append(attrs[:len(attrs):len(attrs)], more...)...)
}

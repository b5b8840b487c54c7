package otelentra

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
)

// longestRefresh is how long a span of a refresh lasts that does not succeed. Traces show a span when
// it has ended, and an outage is looked at while it goes on. It also bounds the traces: backends cut
// off or refuse those of thousands of spans, which an outage of a night would make.
const longestRefresh = time.Minute

// A refresh is one that is under way. While it fails it has one span after the other, each linked to
// the one before. A Source reports one event at a time, so it needs no lock. The nil refresh is one of
// which nothing is known.
type refresh struct {
	trigger entra.RefreshTrigger
	span    trace.Span        // nil between the end of one and the next request
	began   time.Time         // of span
	failed  trace.SpanContext // of the span before
}

// refreshOf is the key under which an observer finds its refresh in a context.
type refreshOf struct{ *observer }

func (o *observer) refreshOf(ctx context.Context) *refresh {
	r, _ := ctx.Value(refreshOf{o}).(*refresh)
	return r
}

// hasFailed reports whether the last span has ended though the refresh has not.
func (r *refresh) hasFailed() bool { return r != nil && r.span == nil }

// isLong reports whether the span will have lasted too long when the next request is made.
func (r *refresh) isLong(next time.Time) bool {
	return r != nil && r.span != nil && next.Sub(r.began) >= longestRefresh
}

// context returns ctx with the span, if there is one.
func (r *refresh) context(ctx context.Context) context.Context {
	if r == nil || r.span == nil {
		return ctx
	}
	return trace.ContextWithSpan(ctx, r.span)
}

func (r *refresh) set(attrs ...attribute.KeyValue) {
	if r != nil && r.span != nil {
		r.span.SetAttributes(attrs...)
	}
}

// end ends the span after that many requests in the whole refresh.
func (r *refresh) end(at time.Time, attempts int, errorType string) {
	if r == nil || r.span == nil {
		return
	}
	r.set(keyAttempts.Int(attempts))
	fail(r.span, errorType)
	r.span.End(trace.WithTimestamp(at))
	r.failed, r.span = r.span.SpanContext(), nil
}

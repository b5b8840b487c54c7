package otelentra

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/semconv/v1.30.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
)

// authStart begins the span of a login, below the span in the dial's context. Whether an AUTH of a
// rotation gets a span is known only at its end, so that span is made then.
func (o *observer) authStart(ctx context.Context, info entra.AuthStartInfo) context.Context {
	if o.spans == SpansNone || info.Phase != entra.AuthInitial {
		return ctx
	}
	s := o.registry.ofConn(info.Conn)
	return o.start(ctx, spanAuth, s.authName, info.At, trace.WithSpanKind(trace.SpanKindClient),
		withAll(s.spans, authAttributes(info.Conn, info.Phase)...), linkTo(o.cause(info.Token.ExpiresOn)))
}

func authAttributes(c entra.ConnInfo, phase entra.AuthPhase) []attribute.KeyValue {
	return append(peerAttributes(c.RemoteAddr), keyPhase.String(string(phase)), semconv.DBOperationName("AUTH"))
}

func (o *observer) authDone(ctx context.Context, info entra.AuthDoneInfo) {
	errorType, status := authErrorType(info)
	s := o.registry.ofConn(info.Conn)
	s.answered(info, status)
	rotation, spare := s.underWay(info.Phase != entra.AuthInitial && o.spans.notable(errorType, info.Duration))

	switch {
	case o.spans == SpansNone:
	case info.Phase == entra.AuthInitial:
		span := o.own(ctx, spanAuth)
		span.SetAttributes(errorAttributes(errorType, status)...)
		fail(span, errorType)
		span.End(trace.WithTimestamp(info.At))
	case spare:
		ctx = o.authSpan(ctx, info, s, rotation, errorType, status)
	case rotation != nil:
		ctx = rotation.ctx // so that an exemplar leads to the rotation
	}
	if !isOwnEnd(errorType) {
		o.authDuration.Record(ctx, info.Duration.Seconds(), s.pool.authOptions(info.Phase, errorType != "")...)
	}
}

// authSpan makes the span of an AUTH that has ended. It is no child of the rotation, because a
// sampler's one decision would then count for thousands of spans.
func (o *observer) authSpan(ctx context.Context, info entra.AuthDoneInfo, s *server, r *rotation, errorType, status string) context.Context {
	var cause trace.SpanContext
	if r != nil {
		cause = trace.SpanContextFromContext(r.ctx)
	}
	ctx, span := o.tracer.Start(ctx, s.authName, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(info.At.Add(-info.Duration)), linkTo(cause),
		withAll(s.spans, append(authAttributes(info.Conn, info.Phase), errorAttributes(errorType, status)...)...))
	fail(span, errorType)
	span.End(trace.WithTimestamp(info.At))
	return ctx
}

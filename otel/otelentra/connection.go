package otelentra

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
)

// retireReasons are the reasons for which connections end because of their tokens. With the other
// reasons the client closed the connection, or it was lost, which shows up as a reconnection.
func retireReasons() []entra.CloseReason {
	return []entra.CloseReason{
		entra.CloseAuthRejected, entra.CloseAuthTimeout, entra.CloseExpired, entra.CloseUnsupported, entra.CloseProtocol,
	}
}

func isRetirement(r entra.CloseReason) bool {
	return r != entra.CloseByClient && r != entra.CloseByServer
}

// connOpened starts the counters of the pool.
func (o *observer) connOpened(ctx context.Context, info entra.ConnOpenedInfo) context.Context {
	o.pool(connKey(info.Conn))
	return ctx
}

func (o *observer) connClosed(ctx context.Context, info entra.ConnClosedInfo) {
	if !isRetirement(info.Reason) {
		return
	}
	o.retirements.Add(ctx, 1, o.pool(connKey(info.Conn)).endOptions(info.Reason)...)
}

// reconnected makes a span for an outage after its end: it lasts from the loss to the login.
func (o *observer) reconnected(ctx context.Context, info entra.ReconnectedInfo) {
	p := o.pool(connKey(info.Conn))
	if o.spans != SpansNone {
		login := o.own(ctx, spanAuth).SpanContext()
		var span trace.Span
		ctx, span = o.tracer.Start(ctx, spanReconnect, trace.WithNewRoot(), trace.WithTimestamp(info.At.Add(-info.After)), linkTo(login),
			withAll(p.spans, keyRetireReason.String(string(info.Reason)), keyReconnectOutage.Float64(info.After.Seconds())))
		span.End(trace.WithTimestamp(info.At))
	}
	o.reconnections.Add(ctx, 1, p.endOptions(info.Reason)...)
}

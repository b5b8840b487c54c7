package otelentra

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
)

// connClosed counts a retirement, if it is one.
func (o *observer) connClosed(_ context.Context, info entra.ConnClosedInfo) {
	o.registry.ofConn(info.Conn).pool.retirements.add(string(info.Reason))
}

// reconnected makes a span for an outage after its end: it lasts from the loss to the login.
func (o *observer) reconnected(ctx context.Context, info entra.ReconnectedInfo) {
	s := o.registry.ofConn(info.Conn)
	s.pool.reconnections.add(string(info.Reason))
	if o.spans != SpansNone {
		login := o.own(ctx, spanAuth).SpanContext()
		_, span := o.tracer.Start(ctx, spanReconnect, trace.WithNewRoot(), trace.WithTimestamp(info.At.Add(-info.After)), linkTo(login),
			withAll(append(peerAttributes(info.Conn.RemoteAddr), s.spans...), keyRetireReason.String(string(info.Reason)), keyReconnectOutage.Float64(info.After.Seconds())))
		span.End(trace.WithTimestamp(info.At))
	}
}

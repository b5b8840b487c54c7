package otelentra

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
)

// A rotation is one that is under way, and has a span. Its address identifies it, because
// trace.Span values that are not recorded are not comparable.
type rotation struct {
	ctx     context.Context // with the span only, no values of a caller's context
	dropped int             // AUTHs that were worth a span and got none, guarded by server.mu
}

// rotationOf is the key under which an observer finds its rotation in a context.
type rotationOf struct{ *observer }

func (o *observer) rotationStart(ctx context.Context, info entra.RotationStartInfo) context.Context {
	s := o.registry.server(serverKey{info.Library, info.Pool, info.ServerAddr}, info.PoolAddr)
	if o.spans == SpansNone {
		return ctx
	}
	ctx = o.start(ctx, spanRotate, spanRotate, info.At, trace.WithNewRoot(), linkTo(o.cause(info.ExpiresOn)),
		withAll(s.spans, keyWindow.Float64(info.Window.Seconds()), keyPlanned.Int(info.Connections)))
	r := &rotation{ctx: trace.ContextWithSpan(context.Background(), trace.SpanFromContext(ctx))}
	s.start(r, o.spans.cap())
	return context.WithValue(ctx, rotationOf{o}, r)
}

func (o *observer) rotationDone(ctx context.Context, info entra.RotationDoneInfo) {
	s := o.registry.server(serverKey{info.Library, info.Pool, info.ServerAddr}, info.PoolAddr)
	r, _ := ctx.Value(rotationOf{o}).(*rotation)
	dropped := s.end(r, o.spans.cap())

	o.rotationDuration.Record(ctx, info.Duration.Seconds(), s.pool.whole...)
	span := o.own(ctx, spanRotate)
	span.SetAttributes(keyRenewed.Int(info.Renewed), keyRefused.Int(info.Refused), keyLeft.Int(info.Left),
		keyClosed.Int(info.Closed), keyDropped.Int(dropped))
	span.End(trace.WithTimestamp(info.At))
}

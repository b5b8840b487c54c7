package otelentra

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
)

// A rotation is one that is under way, and has a span.
type rotation struct {
	ctx     context.Context // with the span, and nothing of anybody else
	dropped int             // AUTHs that were worth a span and got none
}

func (o *observer) rotationStart(ctx context.Context, info entra.RotationStartInfo) context.Context {
	k := poolKey{info.Library, info.Pool, info.ServerAddr}
	p := o.pool(k)
	if o.spans == SpansNone {
		return ctx
	}
	ctx = o.start(ctx, spanRotate, trace.WithNewRoot(), linkTo(o.cause(info.ExpiresOn)),
		withAll(p.spans, keyWindow.Float64(info.Window.Seconds()), keyPlanned.Int(info.Connections)))
	o.mu.Lock()
	defer o.mu.Unlock()
	p.rotation = &rotation{ctx: trace.ContextWithSpan(context.Background(), trace.SpanFromContext(ctx))}
	p.budget = o.spans.cap()
	return ctx
}

func (o *observer) rotationDone(ctx context.Context, info entra.RotationDoneInfo) {
	span := o.own(ctx, spanRotate)
	o.mu.Lock()
	p := o.poolLocked(poolKey{info.Library, info.Pool, info.ServerAddr})
	dropped := 0
	if r := p.rotation; r != nil && trace.SpanFromContext(r.ctx) == span {
		dropped = r.dropped
		p.rotation = nil
		p.budget = o.spans.cap()
	}
	o.mu.Unlock()

	o.rotationDuration.Record(ctx, info.Duration.Seconds(), p.whole...)
	span.SetAttributes(keyRenewed.Int(info.Renewed), keyRefused.Int(info.Refused), keyLeft.Int(info.Left),
		keyClosed.Int(info.Closed), keyDropped.Int(dropped))
	span.End()
}

package otelentra

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/semconv/v1.30.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
)

// causes are the refreshes that rotations and logins link to.
type causes struct {
	open    trace.SpanContext // of the refresh under way
	done    trace.SpanContext // of the one that brought the newest token
	expires time.Time         // of that token
}

// cause returns the refresh that brought a token. Connections may hear of the token a moment before the observer
// hears that the refresh is done.
func (o *observer) cause(expiresOn time.Time) trace.SpanContext {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case expiresOn.Equal(o.causes.expires):
		return o.causes.done
	case expiresOn.After(o.causes.expires):
		return o.causes.open
	}
	return trace.SpanContext{}
}

func (o *observer) refreshStart(ctx context.Context, info entra.RefreshStartInfo) context.Context {
	if o.spans == SpansNone {
		return ctx
	}
	r := &refresh{trigger: info.Trigger}
	o.beginRefresh(ctx, r, info.At)
	return context.WithValue(trace.ContextWithSpan(ctx, r.span), refreshOf{o}, r)
}

// beginRefresh begins a span of a refresh: the first, or one after that which failed has ended.
func (o *observer) beginRefresh(ctx context.Context, r *refresh, at time.Time) {
	attrs := withAll(o.tokenSpanAttributes(), keyTrigger.String(string(r.trigger)))
	_, r.span = o.tracer.Start(ctx, spanRefresh, trace.WithNewRoot(), trace.WithTimestamp(at), linkTo(r.failed), attrs)
	r.began = at
	o.began(r.span.SpanContext())
}

func (o *observer) refreshDone(ctx context.Context, info entra.RefreshDoneInfo) {
	o.ended(info)
	if info.Err == nil {
		o.tokens.renewed(info.Trigger)
	}
	r := o.refreshOf(ctx)
	ctx = r.context(ctx)
	if info.Err == nil {
		o.refreshDuration.Record(ctx, info.Duration.Seconds(), o.identity)
	}
	if replaced := info.Trigger != entra.TriggerInitial || info.Remaining != 0; info.Err == nil && replaced {
		// A histogram's sum must rise, because readers take a fall for a restart. The span says how
		// late it was.
		o.remaining.Record(ctx, max(0, info.Remaining).Seconds(), o.identity)
		r.set(keyRemaining.Float64(info.Remaining.Seconds()))
	}
	r.end(info.At, info.Attempts, refreshErrorType(info.Err))
}

// began notes the span of the refresh under way, which is the cause of what happens with its token.
func (o *observer) began(refresh trace.SpanContext) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.causes.open = refresh
}

// ended makes the refresh under way the one that brought the newest token, if it did.
func (o *observer) ended(info entra.RefreshDoneInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if info.Err == nil {
		o.causes.done, o.causes.expires = o.causes.open, info.ExpiresOn
	}
	o.causes.open = trace.SpanContext{}
}

func (o *observer) attemptStart(ctx context.Context, info entra.AttemptStartInfo) context.Context {
	if o.spans == SpansNone {
		return ctx
	}
	r := o.refreshOf(ctx)
	if r.hasFailed() {
		o.beginRefresh(ctx, r, info.At)
	}
	return o.start(r.context(ctx), spanRequest, spanRequest, info.At, withAll(o.tokenSpanAttributes(),
		keyAttempt.Int(info.Attempt), keyClaims.Bool(info.Claims)))
}

func (o *observer) attemptDone(ctx context.Context, info entra.AttemptDoneInfo) {
	var failed *entra.RefreshError
	isFailure := errors.As(info.Err, &failed)
	if isFailure {
		o.tokens.failed(failed)
	}
	errorType := refreshErrorType(info.Err)
	var outcome []attribute.KeyValue
	if errorType != "" {
		outcome = append(outcome, semconv.ErrorTypeKey.String(errorType))
	}
	if status := httpStatus(info.Err); status != 0 {
		outcome = append(outcome, semconv.HTTPResponseStatusCode(status))
	}
	switch {
	case errorType == "":
		o.requestDuration.Record(ctx, info.Duration.Seconds(), o.identity)
	case !isOwnEnd(errorType):
		o.requestDuration.Record(ctx, info.Duration.Seconds(), o.failedRequest)
	}

	span := o.own(ctx, spanRequest)
	span.SetAttributes(append(outcome, keyUnchanged.Bool(info.Unchanged))...)
	if isFailure && failed.Code != "" {
		span.SetAttributes(keyErrorCode.String(failed.Code))
	}
	fail(span, errorType)
	span.End(trace.WithTimestamp(info.At))

	next := info.At
	if isFailure && failed.RetryAt.After(next) {
		next = failed.RetryAt
	}
	if r := o.refreshOf(ctx); (isFailure || info.Unchanged) && r.isLong(next) {
		r.end(info.At, info.Attempt, errorType)
	}
}

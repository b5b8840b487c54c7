package otelentra

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/entraredis/entraredis/core/entra"
)

// A pool keeps the attributes of a pool's measurements as the SDK wants them: to make a set costs five times as much
// as to record with one.
type pool struct {
	attrs []attribute.KeyValue
	spans []attribute.KeyValue
	whole []metric.RecordOption
	gauge poolGauges

	// Guarded by observer.mu.
	auths    map[outcome][]metric.RecordOption
	ends     map[entra.CloseReason][]metric.AddOption
	rotation *rotation // nil if none is under way
	budget   int       // AUTH spans that may still be made before the next rotation
}

// poolGauges are never changed.
type poolGauges struct {
	pool   metric.MeasurementOption
	states [tokenStates]metric.ObserveOption
}

// tokenStates is how many values entraredis.connection.token_state has.
const tokenStates = 4

// An outcome is what one AUTH is told from another by. Both have few values.
type outcome struct {
	phase     entra.AuthPhase
	errorType string
}

// maxPools bounds the pools remembered. Nodes of a cluster come back under new addresses after each failover; to
// forget all of them once in a thousand failovers costs their attributes being made again.
const maxPools = 1024

// pool returns what is kept of a pool. Its counters begin with the first look at it, because a counter that is born
// with its first event never rises, as far as Prometheus can see.
func (o *observer) pool(k poolKey) *pool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.poolLocked(k)
}

// poolLocked is pool for callers that hold o.mu. The counters are started under the lock, so that nobody counts on
// one before; the SDK does not call back.
func (o *observer) poolLocked(k poolKey) *pool {
	if p := o.pools[k]; p != nil {
		return p
	}
	if len(o.pools) >= maxPools {
		clear(o.pools)
	}
	attrs := o.poolAttributes(k)
	set := attribute.NewSet(attrs...)
	p := &pool{
		attrs:  attrs,
		spans:  o.spanAttributes(attrs),
		whole:  []metric.RecordOption{metric.WithAttributeSet(set)},
		gauge:  poolGauges{pool: metric.WithAttributeSet(set)},
		auths:  make(map[outcome][]metric.RecordOption),
		ends:   make(map[entra.CloseReason][]metric.AddOption),
		budget: o.spans.cap(),
	}
	for i, state := range [tokenStates]string{"current", "stale", "at_risk", "expired"} {
		p.gauge.states[i] = p.with(keyTokenState.String(state))
	}
	o.pools[k] = p
	for _, reason := range retireReasons() {
		o.retirements.Add(context.Background(), 0, p.endOptions(reason)...)
		o.reconnections.Add(context.Background(), 0, p.endOptions(reason)...)
	}
	o.reconnections.Add(context.Background(), 0, p.endOptions(entra.CloseByServer)...)
	return p
}

// with returns the attributes of the pool and some more, for a measurement.
func (p *pool) with(more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(slices.Clone(p.attrs), more...)...))
}

// authOptions are the attributes of one AUTH. observer.mu is held.
func (p *pool) authOptions(phase entra.AuthPhase, errorType, status string) []metric.RecordOption {
	key := outcome{phase, errorType}
	if opts := p.auths[key]; opts != nil {
		return opts
	}
	attrs := []attribute.KeyValue{keyPhase.String(string(phase))}
	opts := []metric.RecordOption{p.with(append(attrs, errorAttributes(errorType, status)...)...)}
	p.auths[key] = opts
	return opts
}

// endOptions are the attributes of the end of a connection. observer.mu is held.
func (p *pool) endOptions(reason entra.CloseReason) []metric.AddOption {
	if opts := p.ends[reason]; opts != nil {
		return opts
	}
	opts := []metric.AddOption{p.with(keyRetireReason.String(string(reason)))}
	p.ends[reason] = opts
	return opts
}

// errorAttributes say how an AUTH failed; there are none if it did not.
func errorAttributes(errorType, status string) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType))
	}
	if status != "" {
		attrs = append(attrs, semconv.DBResponseStatusCode(status))
	}
	return attrs
}

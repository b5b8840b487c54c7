package otelentra

import (
	"context"
	"slices"
	"sync"

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

	mu       sync.Mutex
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

// An outcome distinguishes AUTHs in metrics. Both of its fields have few values.
type outcome struct {
	phase     entra.AuthPhase
	errorType string
}

// maxPools bounds the pools remembered. Nodes of a cluster come back under new addresses after each failover; to
// forget all of them once in a thousand failovers costs their attributes being made again.
const maxPools = 1024

// pool returns what is kept of a pool, and keeps it from the first call on.
func (o *observer) pool(k poolKey) *pool {
	if p := o.known(k); p != nil {
		return p
	}
	return o.keep(k, o.newPool(k))
}

func (o *observer) known(k poolKey) *pool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pools[k]
}

// keep returns the pool that is kept: made, unless another goroutine was first.
func (o *observer) keep(k poolKey, made *pool) *pool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p := o.pools[k]; p != nil {
		return p
	}
	if len(o.pools) >= maxPools {
		clear(o.pools)
	}
	o.pools[k] = made
	return made
}

// newPool makes a pool and adds 0 to its counters: Prometheus sees no increase in a counter whose first sample is its
// first event. It holds no lock, because the SDK calls code of the program, such as filters and exporters. Of two
// goroutines that meet a pool at once, both add 0 before either counts.
func (o *observer) newPool(k poolKey) *pool {
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

// authOptions are the attributes of one AUTH.
func (p *pool) authOptions(phase entra.AuthPhase, errorType, status string) []metric.RecordOption {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := outcome{phase, errorType}
	if opts := p.auths[key]; opts != nil {
		return opts
	}
	attrs := []attribute.KeyValue{keyPhase.String(string(phase))}
	opts := []metric.RecordOption{p.with(append(attrs, errorAttributes(errorType, status)...)...)}
	p.auths[key] = opts
	return opts
}

// endOptions are the attributes of the end of a connection.
func (p *pool) endOptions(reason entra.CloseReason) []metric.AddOption {
	p.mu.Lock()
	defer p.mu.Unlock()
	if opts := p.ends[reason]; opts != nil {
		return opts
	}
	opts := []metric.AddOption{p.with(keyRetireReason.String(string(reason)))}
	p.ends[reason] = opts
	return opts
}

// underWay returns the rotation that an AUTH belongs to, nil if none is under way. spare reports whether the AUTH, if
// it is notable, gets a span out of the budget.
func (p *pool) underWay(notable bool) (r *rotation, spare bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case notable && p.budget > 0:
		p.budget--
		spare = true
	case notable && p.rotation != nil:
		p.rotation.dropped++
	}
	return p.rotation, spare
}

// start makes r the rotation under way.
func (p *pool) start(r *rotation, budget int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rotation, p.budget = r, budget
}

// end ends r, unless a later rotation has taken its place, and returns how many AUTHs got no span for want of budget.
func (p *pool) end(r *rotation, budget int) (dropped int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r == nil || p.rotation != r {
		return 0
	}
	p.rotation, p.budget = nil, budget
	return r.dropped
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

package otelentra

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.30.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/internal/census"
)

// An observer turns events into spans and measurements.
type observer struct {
	config
	histograms
	tracer   trace.Tracer
	census   *census.Census
	registry *registry
	tokens   *tokenTally
	identity metric.MeasurementOption // the attributes of what is measured of tokens
	// failedRequest is that of requests which brought no token. All of them are one histogram, as for AUTHs.
	failedRequest metric.MeasurementOption

	mu     sync.Mutex
	causes causes
}

// NewObserver returns an observer for the Options of one Source, by itself or through [entra.JoinObservers]. It makes
// no I/O.
//
// Each Source needs one of its own: what the gauges say about connections is relative to the newest token. Give them
// different names with [WithIdentityName], and if they log in to the same server, different pool names.
//
// The gauges stay on the meter provider until that is shut down, or until the context of [WithLifetime] ends.
//
// Options that cannot work are a *[entra.ConfigError]. Other errors are those of the meter provider.
func NewObserver(opts ...Option) (*entra.Observer, error) {
	c, err := configure(opts)
	if err != nil {
		return nil, err
	}
	meter := c.meters.Meter(ScopeName, metric.WithInstrumentationVersion(Version), metric.WithSchemaURL(semconv.SchemaURL))
	o := &observer{
		config:   c,
		tracer:   c.tracers.Tracer(ScopeName, trace.WithInstrumentationVersion(Version), trace.WithSchemaURL(semconv.SchemaURL)),
		census:   census.New(),
		tokens:   newTokenTally(c.identityAttributes()),
		identity: withSet(c.identityAttributes()),

		failedRequest: withSet(c.identityAttributes(), semconv.ErrorTypeOther),
	}
	o.registry = newRegistry(&o.config)
	registration, err := o.measure(meter)
	if err != nil {
		return nil, err
	}
	if c.lifetime != nil {
		context.AfterFunc(c.lifetime, func() { _ = registration.Unregister() })
	}
	return entra.JoinObservers(o.census.Observer(), &entra.Observer{
		RefreshStart:  o.refreshStart,
		RefreshDone:   o.refreshDone,
		AttemptStart:  o.attemptStart,
		AttemptDone:   o.attemptDone,
		ConnClosed:    o.connClosed,
		AuthStart:     o.authStart,
		AuthDone:      o.authDone,
		RotationStart: o.rotationStart,
		RotationDone:  o.rotationDone,
		Reconnected:   o.reconnected,
	}), nil
}

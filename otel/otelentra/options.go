package otelentra

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/entraredis/entraredis/core/entra"
)

// An Option changes how an observer reports. The zero Option changes nothing.
type Option struct{ apply func(*config) }

// SpanPolicy says of what there are spans. Metrics see everything, whatever the policy.
type SpanPolicy int

const (
	// SpansFailuresAndSlow is the default: spans of refreshes, rotations, logins and reconnects, and of those AUTHs
	// in a rotation that failed or took 100 ms or longer, at most 10 in each rotation.
	SpansFailuresAndSlow SpanPolicy = iota
	// SpansNone makes no spans.
	SpansNone
	// SpansAll adds the other AUTHs of rotations, at most 512 in each: a quarter of what the SDK's batch processor
	// queues by default, which it shares with the spans of the program.
	SpansAll
)

// A TokenSource says where tokens come from, for the attribute entraredis.token.source.
type TokenSource string

// The token sources.
const (
	ManagedIdentity   TokenSource = "managed_identity"
	WorkloadIdentity  TokenSource = "workload_identity"
	ClientSecret      TokenSource = "client_secret"
	ClientCertificate TokenSource = "client_certificate"
	OtherSource       TokenSource = "other"
)

type config struct {
	tracers  trace.TracerProvider
	meters   metric.MeterProvider
	lifetime context.Context
	attrs    []attribute.KeyValue
	identity string
	source   TokenSource
	userID   string
	spans    SpanPolicy
	groups   MetricGroups
	// perServer is whether each server has time series of its own.
	perServer bool
}

// WithTracerProvider sets who makes the spans. nil, the default, is the global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return Option{func(c *config) { c.tracers = p }}
}

// WithMeterProvider sets who makes the instruments. nil, the default, is the global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return Option{func(c *config) { c.meters = p }}
}

// WithLifetime takes the observable gauges off the meter provider when ctx ends, which is to be when the Source has
// been closed. A program that keeps its Source until it ends does not need it: shutting down the provider does the same.
// nil, the default, is for ever.
func WithLifetime(ctx context.Context) Option {
	return Option{func(c *config) { c.lifetime = ctx }}
}

// WithAttributes adds attributes to all spans and all measurements. Each value makes time series of its own, so they
// must be few. Keys that this package sets itself are refused.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	attrs = slices.Clone(attrs)
	return Option{func(c *config) { c.attrs = append(c.attrs, attrs...) }}
}

// WithIdentityName sets entraredis.identity.name: what the program calls the identity it logs in with, if it has
// several. It is no identifier of Entra. The default is "default".
func WithIdentityName(name string) Option {
	return Option{func(c *config) { c.identity = name }}
}

// WithTokenSource sets entraredis.token.source, which an observer cannot know. Without it the attribute is left out.
func WithTokenSource(s TokenSource) Option {
	return Option{func(c *config) { c.source = s }}
}

// WithUserID puts the object id of the identity on spans, as user.id. It is never on metrics. The default is none.
func WithUserID(objectID string) Option {
	return Option{func(c *config) { c.userID = objectID }}
}

// WithSpans sets of what there are spans.
func WithSpans(p SpanPolicy) Option {
	return Option{func(c *config) { c.spans = p }}
}

// WithMetrics sets which groups of instruments there are. The default is [MetricsDefault]; no group is none.
func WithMetrics(g MetricGroups) Option {
	return Option{func(c *config) { c.groups = g }}
}

// WithMetricsPerServer gives each server of a pool time series of its own, with its server.address and server.port. That
// is for finding the one node of a cluster that differs: each costs as much as a pool. Without it the metrics of a pool
// are those of all its servers together, under the address that the client dialed first. Spans name the server in any
// case.
func WithMetricsPerServer() Option {
	return Option{func(c *config) { c.perServer = true }}
}

// configure applies options and says what is wrong with them, as a *entra.ConfigError.
func configure(opts []Option) (config, error) {
	c := config{identity: "default", groups: MetricsDefault}
	for _, opt := range opts {
		if opt.apply != nil {
			opt.apply(&c)
		}
	}
	if c.tracers == nil {
		c.tracers = otel.GetTracerProvider()
	}
	if c.meters == nil {
		c.meters = otel.GetMeterProvider()
	}
	refuse := func(option, reason string) (config, error) {
		return c, &entra.ConfigError{Field: "otelentra." + option, Reason: reason}
	}
	if !slices.Contains([]SpanPolicy{SpansFailuresAndSlow, SpansNone, SpansAll}, c.spans) {
		return refuse("WithSpans", fmt.Sprintf("%d is no policy; use SpansNone, SpansFailuresAndSlow or SpansAll", c.spans))
	}
	if c.groups&^MetricsAll != 0 {
		return refuse("WithMetrics", fmt.Sprintf("%#b has bits that are no group; use the constants Metrics…, joined with |", c.groups))
	}
	if !slices.Contains([]TokenSource{"", ManagedIdentity, WorkloadIdentity, ClientSecret, ClientCertificate, OtherSource}, c.source) {
		return refuse("WithTokenSource", fmt.Sprintf("%q is none of the sources; use OtherSource", string(c.source)))
	}
	if c.identity == "" {
		return refuse("WithIdentityName", "the name is empty; leave the option out if there is one identity")
	}
	for _, a := range c.attrs {
		switch {
		case !a.Valid():
			return refuse("WithAttributes", fmt.Sprintf("the attribute with the key %q has no key or no value", a.Key))
		case isReserved(a.Key):
			return refuse("WithAttributes", fmt.Sprintf("%s is set by this package; use another key", a.Key))
		}
	}
	return c, nil
}

// isReserved reports whether the key is one of those that this package sets, or may come to set.
func isReserved(key attribute.Key) bool {
	return slices.ContainsFunc([]string{"entraredis.", "db.", "server.", "error.", "http.", "network.", "user."}, func(start string) bool {
		return strings.HasPrefix(string(key), start)
	})
}

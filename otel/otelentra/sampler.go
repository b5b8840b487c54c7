package otelentra

import (
	"fmt"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace"
)

// NewSampler returns a sampler that keeps every span of this package, and leaves all others to base. nil stands for the
// default of the SDK, which keeps all spans but those below one that is not kept.
//
//	trace.NewTracerProvider(trace.WithSampler(otelentra.NewSampler(trace.ParentBased(trace.TraceIDRatioBased(.05)))))
//
// Most spans of this package are roots: there is one an hour of a refresh, and one for each server of its rotation. At
// 5 % a sampler by ratio keeps a refresh a day, and an outage may be among the others. With this one the spans of
// azidentity below a kept request are kept too if base is a ParentBased sampler. A login is kept below a caller's span
// that is not.
//
// The sampler recognises the spans by the attribute entraredis.identity.name, which each has from its start: a sampler is
// not told who makes a span.
func NewSampler(base trace.Sampler) trace.Sampler {
	if base == nil {
		base = trace.ParentBased(trace.AlwaysSample())
	}
	return sampler{ours: trace.AlwaysSample(), others: base}
}

type sampler struct{ ours, others trace.Sampler }

// ShouldSample implements [trace.Sampler].
func (s sampler) ShouldSample(p trace.SamplingParameters) trace.SamplingResult {
	if slices.ContainsFunc(p.Attributes, func(a attribute.KeyValue) bool { return a.Key == keyIdentityName }) {
		return s.ours.ShouldSample(p)
	}
	return s.others.ShouldSample(p)
}

// Description implements [trace.Sampler].
func (s sampler) Description() string {
	return fmt.Sprintf("otelentra.Sampler{%s}", s.others.Description())
}

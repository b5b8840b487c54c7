package otelentra

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/entraredis/entraredis/otel/internal/census"
)

// MetricGroups are groups of instruments, see [WithMetrics]. docs/observability.md says which instruments belong to
// each, and how many time series they cost.
type MetricGroups uint

const (
	// MetricsTokens is the life of the newest token, renewals and failed requests.
	MetricsTokens MetricGroups = 1 << iota
	// MetricsConnections is the state of the connections, refusals, retirements and reconnections.
	MetricsConnections
	// MetricsRotations is how far the newest token has come.
	MetricsRotations
	// MetricsDurations is histograms of refreshes, requests, AUTHs and rotations. They cost more than all other
	// groups together, and no alert of package alerts needs them.
	MetricsDurations

	// MetricsDefault is the groups without [WithMetrics].
	MetricsDefault = MetricsTokens | MetricsConnections | MetricsRotations
	// MetricsAll is every group.
	MetricsAll = MetricsDefault | MetricsDurations
)

func (g MetricGroups) has(one MetricGroups) bool { return g&one != 0 }

// observed are the instruments of a group that are asked when metrics are collected.
type observed interface {
	instruments() []metric.Observable
	observe(metric.Observer, census.Snapshot, []poolSum)
}

// measure makes the instruments of the groups that the options ask for, and has them observed.
func (o *observer) measure(meter metric.Meter) (metric.Registration, error) {
	m := &instrumentMaker{meter: meter}
	var groups []observed
	if o.groups.has(MetricsTokens) {
		groups = append(groups, newTokenMetrics(o, m))
	}
	if o.groups.has(MetricsConnections) {
		groups = append(groups, newConnectionMetrics(m))
	}
	if o.groups.has(MetricsRotations) {
		groups = append(groups, newRotationMetrics(m))
	}
	o.histograms = newHistograms(m, o.groups)
	if err := m.err(); err != nil {
		return nil, fmt.Errorf("otelentra: %w", err)
	}
	var all []metric.Observable
	for _, g := range groups {
		all = append(all, g.instruments()...)
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		s := o.census.Snapshot(time.Now())
		pools := o.registry.sums(s)
		for _, g := range groups {
			g.observe(to, s, pools)
		}
		return nil
	}, all...)
	if err != nil {
		return nil, fmt.Errorf("otelentra: %w", err)
	}
	return registration, nil
}

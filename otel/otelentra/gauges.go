package otelentra

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/entraredis/entraredis/otel/internal/census"
)

// gauges are what the census is asked for when metrics are collected.
type gauges struct {
	tokenExpiry metric.Float64ObservableGauge
	failures    metric.Int64ObservableGauge
	active      metric.Int64ObservableUpDownCounter
	oldest      metric.Float64ObservableGauge
	youngest    metric.Float64ObservableGauge
	connExpiry  metric.Float64ObservableGauge
	window      metric.Float64ObservableGauge
	pending     metric.Int64ObservableUpDownCounter
}

// observeGauges makes the gauges and has them observed, with one snapshot for all of them.
func (o *observer) observeGauges(m metric.Meter) (metric.Registration, error) {
	var problems []error
	seconds := func(name, description string) metric.Float64ObservableGauge {
		g, err := m.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(description))
		problems = append(problems, err)
		return g
	}
	connections := func(name, description string) metric.Int64ObservableUpDownCounter {
		c, err := m.Int64ObservableUpDownCounter(name, metric.WithUnit("{connection}"), metric.WithDescription(description))
		problems = append(problems, err)
		return c
	}
	g := gauges{
		tokenExpiry: seconds("entraredis.token.time_to_expiry",
			"Time until the newest token expires; negative once it has."),
		active: connections("entraredis.connection.active",
			"Open connections by the state of the token that they logged in with."),
		oldest: seconds("entraredis.connection.token_age.max",
			"Age of the oldest token that a connection is logged in with."),
		youngest: seconds("entraredis.connection.token_age.min",
			"Age of the youngest token that a connection is logged in with."),
		connExpiry: seconds("entraredis.connection.time_to_expiry.min",
			"Time until the first token that a connection is logged in with expires; negative once it has."),
		window: seconds("entraredis.rotation.window",
			"Time over which the rotation under way is spread; 0 without one."),
		pending: connections("entraredis.rotation.pending",
			"Connections that the rotation under way has yet to renew."),
	}
	var err error
	g.failures, err = m.Int64ObservableGauge("entraredis.token.refresh.consecutive_failures",
		metric.WithUnit("{failure}"), metric.WithDescription("Requests for a newer token that failed since the last success."))
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	return m.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		o.observe(to, g, time.Now())
		return nil
	}, g.tokenExpiry, g.failures, g.active, g.oldest, g.youngest, g.connExpiry, g.window, g.pending)
}

func (o *observer) observe(to metric.Observer, g gauges, now time.Time) {
	s := o.census.Snapshot(now)
	if !s.Token.ExpiresOn.IsZero() {
		to.ObserveFloat64(g.tokenExpiry, s.Token.ExpiresOn.Sub(now).Seconds(), o.identity)
	}
	to.ObserveInt64(g.failures, int64(s.Token.Failures), o.identity)
	for _, p := range s.Pools {
		attrs := o.pool(keyOf(p)).gauge
		for state, n := range [tokenStates]int{p.Current, p.Stale, p.AtRisk, p.Expired} {
			to.ObserveInt64(g.active, int64(n), attrs.states[state])
		}
		to.ObserveFloat64(g.window, p.Rotation.Window.Seconds(), attrs.pool)
		to.ObserveInt64(g.pending, int64(p.Rotation.Pending), attrs.pool)
		observeLives(to, g, p, attrs.pool, now)
	}
}

// observeLives reports the remaining lives of a pool's tokens. If no connection holds a token it
// reports nothing, because 0 would read as an expiry.
func observeLives(to metric.Observer, g gauges, p census.Pool, attrs metric.ObserveOption, now time.Time) {
	if p.SoonestExpiry.IsZero() {
		return
	}
	to.ObserveFloat64(g.connExpiry, p.SoonestExpiry.Sub(now).Seconds(), attrs)
	to.ObserveFloat64(g.oldest, p.OldestAge.Seconds(), attrs)
	to.ObserveFloat64(g.youngest, p.YoungestAge.Seconds(), attrs)
}

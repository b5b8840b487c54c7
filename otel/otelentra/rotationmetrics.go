package otelentra

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/entraredis/entraredis/otel/internal/census"
)

// rotationMetrics are what is observed of how a token comes to the connections.
type rotationMetrics struct {
	oldest   metric.Float64ObservableGauge
	youngest metric.Float64ObservableGauge
	window   metric.Float64ObservableGauge
	pending  metric.Int64ObservableUpDownCounter
}

func newRotationMetrics(m *instrumentMaker) *rotationMetrics {
	return &rotationMetrics{
		oldest: m.seconds("entraredis.connection.token_age.max",
			"Age of the oldest token that a connection is logged in with."),
		youngest: m.seconds("entraredis.connection.token_age.min",
			"Age of the youngest token that a connection is logged in with."),
		window: m.seconds("entraredis.rotation.window",
			"Time over which the rotation under way is spread; 0 without one."),
		pending: m.number("entraredis.rotation.pending", "{connection}",
			"Connections that the rotation under way has yet to renew."),
	}
}

func (r *rotationMetrics) instruments() []metric.Observable {
	return []metric.Observable{r.oldest, r.youngest, r.window, r.pending}
}

func (r *rotationMetrics) observe(to metric.Observer, _ census.Snapshot, pools []poolSum) {
	for _, p := range pools {
		to.ObserveFloat64(r.window, p.Rotation.Window.Seconds(), p.gauge)
		to.ObserveInt64(r.pending, int64(p.Rotation.Pending), p.gauge)
		if p.holdsToken() {
			to.ObserveFloat64(r.oldest, p.OldestAge.Seconds(), p.gauge)
			to.ObserveFloat64(r.youngest, p.YoungestAge.Seconds(), p.gauge)
		}
	}
}

package main

import (
	"context"
	"errors"

	"github.com/entraredis/entraredis/examples/proxy/forward"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// reportClients makes the instruments that say how many clients a server has, and why some were not served.
func reportClients(meter metric.Meter, server *forward.Server) error {
	accepted, problem1 := meter.Int64ObservableCounter("entraredis.proxy.client.accepted",
		metric.WithUnit("{connection}"), metric.WithDescription("Connections of clients."))
	open, problem2 := meter.Int64ObservableUpDownCounter("entraredis.proxy.client.open",
		metric.WithUnit("{connection}"), metric.WithDescription("Connections of clients that are open."))
	failed, problem3 := meter.Int64ObservableCounter("entraredis.proxy.client.failed",
		metric.WithUnit("{connection}"), metric.WithDescription("Clients that got an error instead of their first reply, by reason."))
	_, problem4 := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		stats := server.Stats()
		o.ObserveInt64(accepted, int64(stats.Accepted))
		o.ObserveInt64(open, int64(stats.Open))
		for reason, n := range stats.Failed {
			o.ObserveInt64(failed, int64(n), metric.WithAttributes(attribute.String("reason", string(reason))))
		}
		return nil
	}, accepted, open, failed)
	return errors.Join(problem1, problem2, problem3, problem4)
}

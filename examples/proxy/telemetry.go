package main

import (
	"context"
	"net/http"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/examples/proxy/forward"
	"github.com/entraredis/entraredis/otel/otelentra"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

// telemetry is how the proxy is watched: the metrics of otelentra, which the dashboard and the alerts of this
// repository expect, and counts of clients.
type telemetry struct {
	observer *entra.Observer // what the Source is given
	metrics  http.Handler    // what Prometheus scrapes
	meters   *metric.MeterProvider
}

func startTelemetry() (*telemetry, error) {
	// The names that dashboard and alerts expect are those of this strategy.
	exporter, err := prometheus.New(prometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes))
	if err != nil {
		return nil, err
	}
	meters := metric.NewMeterProvider(metric.WithReader(exporter))
	observer, err := otelentra.NewObserver(otelentra.WithMeterProvider(meters))
	if err != nil {
		return nil, err
	}
	return &telemetry{observer: observer, metrics: promhttp.Handler(), meters: meters}, nil
}

// watch adds the counts of a server to the metrics.
func (t *telemetry) watch(server *forward.Server) error {
	return reportClients(t.meters.Meter("github.com/entraredis/entraredis/examples/proxy"), server)
}

func (t *telemetry) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return t.meters.Shutdown(ctx)
}

package cost_test

import (
	"testing"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

// exporting returns a provider whose metrics Prometheus gets from a registry.
func exporting(t *testing.T, registry registerer, views []metric.View) *metric.MeterProvider {
	t.Helper()
	reader, err := prometheus.New(prometheus.WithRegisterer(registry), prometheus.WithoutTargetInfo(),
		prometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes))
	if err != nil {
		t.Fatal(err)
	}
	return metric.NewMeterProvider(metric.WithReader(reader), metric.WithView(views...))
}

package cost_test

import (
	"testing"

	"github.com/entraredis/entraredis/otel/otelentra"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/trace/noop"
)

// cost returns how many time series Prometheus gets of each instrument after a day.
func cost(t *testing.T, servers int, trouble bool, views []metric.View, options ...otelentra.Option) map[string]int {
	t.Helper()
	registry := prometheus.NewRegistry()
	obs, err := otelentra.NewObserver(append([]otelentra.Option{
		otelentra.WithMeterProvider(exporting(t, registry, views)), otelentra.WithTracerProvider(noop.NewTracerProvider()),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	day{obs, servers, trouble}.pass()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			all[family.GetName()] += seriesOf(m)
		}
	}
	return all
}

// seriesOf returns how many time series Prometheus makes of one point.
func seriesOf(m *io_prometheus_client.Metric) int {
	h := m.GetHistogram()
	if h == nil || h.Schema != nil { // a native histogram is one
		return 1
	}
	const infinity, sum, count = 1, 1, 1
	return len(h.GetBucket()) + infinity + sum + count
}

func total(series map[string]int) (n int) {
	for _, s := range series {
		n += s
	}
	return n
}

// A registerer is where the exporter registers its metrics.
type registerer interface{ prometheus.Registerer }

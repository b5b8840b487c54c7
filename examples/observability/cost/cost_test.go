// Package cost_test measures how many time series of a process Prometheus stores.
package cost_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/otel/otelentra"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric"
)

// exponential is the view that docs/observability.md shows.
func exponential() []metric.View {
	return []metric.View{metric.NewView(
		metric.Instrument{Kind: metric.InstrumentKindHistogram, Scope: instrumentation.Scope{Name: otelentra.ScopeName}},
		metric.Stream{Aggregation: metric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}},
	)}
}

const nodes = 20

// The bounds are what 300 services of 50 pods can pay for, on the worst day. target_info is one more for each pod.
func TestSeriesOfAPodAreFew(t *testing.T) {
	tests := []struct {
		name    string
		servers int
		groups  otelentra.MetricGroups
		atMost  int
	}{
		{"one server", 1, otelentra.MetricsDefault, 60},
		{"a cluster", nodes, otelentra.MetricsDefault, 80},
		{"one server, every group", 1, otelentra.MetricsAll, 140},
		{"a cluster, every group", nodes, otelentra.MetricsAll, 160},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			series := cost(t, test.servers, true, nil, otelentra.WithMetrics(test.groups))
			t.Logf("%d series", total(series)+1)
			if n := total(series) + 1; n > test.atMost {
				t.Errorf("%d series, want at most %d", n, test.atMost)
			}
		})
	}
}

// In trouble, alerts and dashboards are looked at: that must not be when the default groups become dear.
func TestTroubleCostsNoMoreSeries(t *testing.T) {
	for _, servers := range []int{1, nodes} {
		well, ill := cost(t, servers, false, nil), cost(t, servers, true, nil)
		if !maps.Equal(well, ill) {
			t.Errorf("%d servers: %v in trouble, else %v", servers, ill, well)
		}
	}
}

// The table in docs/observability.md is what is measured here.
func TestTheDocumentListsTheCostOfEachGroup(t *testing.T) {
	text, err := os.ReadFile("../../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string]otelentra.MetricGroups{
		"MetricsTokens": otelentra.MetricsTokens, "MetricsConnections": otelentra.MetricsConnections, "MetricsRotations": otelentra.MetricsRotations,
		"MetricsDurations": otelentra.MetricsDurations, "MetricsDefault": otelentra.MetricsDefault, "MetricsAll": otelentra.MetricsAll,
	}
	var want []string
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		only := otelentra.WithMetrics(groups[name])
		want = append(want, fmt.Sprintf("%s %d %d %d %d", name,
			total(cost(t, 1, true, nil, only)), total(cost(t, nodes, true, nil, only)),
			total(cost(t, nodes, true, nil, only, otelentra.WithMetricsPerServer())),
			total(cost(t, nodes, true, exponential(), only))))
	}
	var got []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(Metrics\\w+)` \\|(.*)\\|$").FindAllStringSubmatch(string(text), -1) {
		numbers := []string{row[1]}
		for cell := range strings.SplitSeq(row[2], "|") {
			if _, err := strconv.Atoi(strings.TrimSpace(cell)); err == nil {
				numbers = append(numbers, strings.TrimSpace(cell))
			}
		}
		got = append(got, strings.Join(numbers, " "))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the table says\n%s\nmeasured are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

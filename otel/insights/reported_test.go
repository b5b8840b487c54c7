package insights_test

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/insights/internal/azure"
	"github.com/entraredis/entraredis/otel/otelentra"
)

// A report is what a program exports, as the SDK does it where deltas are preferred: the attributes of each instrument with
// their values.
type report map[string]map[string][]string

func (r report) add(t *testing.T, m metricdata.Metrics) {
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		if (data.Temporality == metricdata.DeltaTemporality) != data.IsMonotonic {
			t.Errorf("%s: monotonic %t, %s: the queries add deltas of counters up, and take the last of all else", m.Name, data.IsMonotonic, data.Temporality)
		}
		addPoints(r, m.Name, data.DataPoints)
	case metricdata.Gauge[int64]:
		addPoints(r, m.Name, data.DataPoints)
	case metricdata.Gauge[float64]:
		addPoints(r, m.Name, data.DataPoints)
	case metricdata.Histogram[float64]:
		if data.Temporality != metricdata.DeltaTemporality {
			t.Errorf("%s: %s", m.Name, data.Temporality)
		}
		for _, p := range data.DataPoints {
			r.addSet(m.Name, p.Attributes)
		}
	default:
		t.Errorf("%s: %T", m.Name, data)
	}
}

func addPoints[N int64 | float64](r report, name string, points []metricdata.DataPoint[N]) {
	for _, p := range points {
		r.addSet(name, p.Attributes)
	}
}

func (r report) addSet(name string, set attribute.Set) {
	if r[name] == nil {
		r[name] = map[string][]string{}
	}
	for _, a := range set.ToSlice() {
		r[name][string(a.Key)] = append(r[name][string(a.Key)], fmt.Sprint(a.Value.AsInterface()))
	}
}

// temporality reports what is counted as a difference. It is the SDK's DeltaTemporalitySelector, which the oldest supported
// version does not have.
func temporality(kind metric.InstrumentKind) metricdata.Temporality {
	switch kind {
	case metric.InstrumentKindCounter, metric.InstrumentKindHistogram, metric.InstrumentKindObservableCounter:
		return metricdata.DeltaTemporality
	default:
		return metricdata.CumulativeTemporality
	}
}

// badHour plays a program with connections that are lost, a credential that is rejected until its token has expired, and
// a server that refuses. It returns what the program reported.
func badHour(t *testing.T) report {
	reader := metric.NewManualReader(metric.WithTemporalitySelector(temporality))
	obs, err := otelentra.NewObserver(
		otelentra.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))), otelentra.WithMetrics(otelentra.MetricsAll))
	if err != nil {
		t.Fatal(err)
	}
	sts, network := entratest.NewSTS(nil), entratest.NewNetwork()
	l, err := network.Listen("10.0.0.4:6380")
	if err != nil {
		t.Fatal(err)
	}
	gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts})
	defer gateway.Close()
	cred, err := sts.ClientSecretCredential()
	if err != nil {
		t.Fatal(err)
	}
	src, err := entra.NewSource(cred, &entra.Options{Observer: obs})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dial := entraconn.NewDialer(src, &entraconn.Options{Library: "plain", Name: "carts", AllowPlaintext: true}).DialFunc(network.DialContext)
	r := report{}
	look := func(until time.Time) {
		for time.Now().Before(until) {
			time.Sleep(time.Minute)
			var all metricdata.ResourceMetrics
			if err := reader.Collect(t.Context(), &all); err != nil {
				t.Fatal(err)
			}
			for _, scope := range all.ScopeMetrics {
				for _, m := range scope.Metrics {
					r.add(t, m)
				}
			}
		}
	}
	var conns []net.Conn
	connect := func() {
		c, err := dial(t.Context(), "tcp", "10.0.0.4:6380")
		if err != nil {
			return // refused, or there is no token
		}
		conns = append(conns, c)
		_, _ = c.Write([]byte("*1\r\n$4\r\nPING\r\n"))
		_, _ = io.ReadFull(c, make([]byte, len("+PONG\r\n")))
	}
	for range 3 {
		connect()
	}
	look(src.Status().NextAttempt.Add(12 * time.Minute)) // a rotation
	gateway.DropAll()
	for _, c := range conns {
		_ = c.Close()
	}
	connect()
	refusal := gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no such user"})
	connect()
	refusal.Remove()
	outage := sts.Inject(entratest.Fault{Status: 401, Body: `{"error":"invalid_client"}`})
	look(src.Status().ExpiresOn.Add(2 * time.Minute))
	outage.Remove()
	for _, c := range conns {
		_ = c.Close()
	}
	return r
}

// A query for a name that no program reports, or for an attribute that is not there, shows nothing, and no alert fires.
func TestQueriesAskForWhatProgramsReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reported := badHour(t)
		queries := regexp.MustCompile("(?s)```kusto\n(.*?)```").FindAllStringSubmatch(read(t, page), -1)
		for _, a := range azure.Alerts() {
			queries = append(queries, []string{a.Name, a.Query})
		}
		if len(queries) < 20 {
			t.Fatalf("%d queries", len(queries))
		}
		for _, q := range queries {
			attributes := map[string]bool{}
			for _, name := range regexp.MustCompile(`name (?:==|in) [^|]*`).FindAllString(q[1], -1) {
				for _, n := range regexp.MustCompile(`"(entraredis\.[^"]+)"`).FindAllStringSubmatch(name, -1) {
					if reported[n[1]] == nil {
						t.Errorf("no program reports %s:\n%s", n[1], q[1])
					}
					for key := range reported[n[1]] {
						attributes[key] = true
					}
				}
			}
			for _, key := range regexp.MustCompile(`customDimensions\["((?:entraredis|error|db)\.[^"]+)"\]`).FindAllStringSubmatch(q[1], -1) {
				if len(attributes) > 0 && !attributes[key[1]] && key[1] != "entraredis.identity.name" && key[1] != "db.client.connection.pool.name" {
					t.Errorf("none of these has %s:\n%s", key[1], q[1])
				}
			}
		}
		for _, want := range []struct{ name, key, value string }{
			{"entraredis.token.request.failures", "error.type", "rejected"},
			{"entraredis.connection.active", "entraredis.connection.token_state", "at_risk"},
			{"entraredis.connection.active", "entraredis.connection.token_state", "expired"},
			{"entraredis.connection.auth.refusals", "db.response.status_code", "WRONGPASS"},
			{"entraredis.token.refresh.consecutive_failures", "entraredis.identity.name", "default"},
			{"entraredis.connection.active", "db.client.connection.pool.name", "carts"},
			{"entraredis.connection.active", "server.address", "10.0.0.4"},
		} {
			if !slices.Contains(reported[want.name][want.key], want.value) {
				t.Errorf("%s has no %s=%s: %q", want.name, want.key, want.value, reported[want.name][want.key])
			}
		}
	})
}

package otelentra_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/google/go-cmp/cmp"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/otelentra"
)

// secrets are what may not show up anywhere, though errors are full of it.
func secrets() []string {
	return []string{"eyJhbGciOiJSUzI1NiJ9", `{"access_token":{"essential":true}}`, "correlation-id-of-entra", "words of the server"}
}

// everything makes each signal, with each attribute that it may have.
func everything(tel *telemetry) {
	start := time.Now()
	old, recent := life(start.Add(-time.Hour)), life(start)
	leaky := errors.New(strings.Join(secrets(), " "))
	tel.refresh(entra.TriggerInitial, old, leaky, nil)
	tel.refresh(entra.TriggerScheduled, recent, &entra.RefreshError{
		Kind: entra.KindRejected, Status: 401, Code: "AADSTS7000215", Host: "login.example", Attempt: 1, Err: leaky,
	}, nil)
	cut := tel.obs.RefreshStart(tel.Context(), entra.RefreshStartInfo{Trigger: entra.TriggerForced})
	tel.obs.RefreshDone(cut, entra.RefreshDoneInfo{Trigger: entra.TriggerForced, Err: fmt.Errorf("%w: %w", entra.ErrClosed, leaky)})
	ctx := tel.login(tel.Context(), conn(1), old, nil)
	tel.obs.Reconnected(ctx, entra.ReconnectedInfo{Conn: conn(1), Reason: entra.CloseExpired, After: time.Second})
	tel.login(tel.Context(), conn(2), old, refused("WRONGPASS "+leaky.Error()))
	tel.login(tel.Context(), conn(3), old, refused(leaky.Error()))
	tel.login(tel.Context(), conn(4), old, leaky)
	rotation := tel.rotate(1, recent)
	tel.auth(tel.Context(), conn(1), entra.AuthRotation, recent, time.Millisecond, refused("NOPERM "+leaky.Error()))
	tel.rotated(rotation, 0, 1)
	tel.obs.ConnClosed(tel.Context(), entra.ConnClosedInfo{Conn: conn(2), Reason: entra.CloseAuthRejected, Err: leaky})
}

func keys(attrs []attribute.KeyValue) (all []string) {
	for _, a := range attrs {
		all = append(all, string(a.Key))
	}
	return all
}

// A signal is a row of a table in docs/observability.md.
type signal struct {
	kind, unit string
	attributes []string // sorted
}

// documented reads the tables: one with units, of metrics, and one without, of spans.
func documented(t *testing.T) (metrics, spans map[string]signal) {
	t.Helper()
	text, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`[^`]+`")
	metrics, spans = map[string]signal{}, map[string]signal{}
	for _, section := range strings.Split(string(text), "\n## ") {
		title, _, _ := strings.Cut(section, "\n")
		if title != "Metrics" && title != "Spans" {
			continue
		}
		for _, line := range strings.Split(section, "\n") {
			cells := strings.Split(line, "|")
			if !strings.HasPrefix(line, "| `") || strings.HasPrefix(line, "| `Metrics") { // the latter are groups
				continue
			}
			name := strings.Trim(cells[1], " `")
			s := signal{kind: strings.TrimSpace(cells[2])}
			list := cells[3]
			if title == "Metrics" {
				s.unit, list = strings.Trim(cells[3], " `"), cells[4]
			}
			for _, a := range code.FindAllString(list, -1) {
				s.attributes = append(s.attributes, strings.Trim(a, "`"))
			}
			words := code.ReplaceAllString(list, "")
			if strings.Contains(words, "pool") {
				set := pool()
				s.attributes = append(s.attributes, keys(set.ToSlice())...)
			}
			if strings.Contains(words, "identity") {
				s.attributes = append(s.attributes, "entraredis.identity.name", "entraredis.token.source")
			}
			slices.Sort(s.attributes)
			if title == "Metrics" {
				metrics[name] = s
			} else {
				spans[name] = s
			}
		}
	}
	return metrics, spans
}

// seen returns the kind of an instrument and all attributes of its points.
func seen(m metricdata.Metrics) signal {
	s := signal{unit: m.Unit}
	all := map[string]bool{}
	add := func(set attribute.Set) {
		for _, k := range keys(set.ToSlice()) {
			all[k] = true
		}
	}
	switch data := m.Data.(type) {
	case metricdata.Histogram[float64]:
		s.kind = "histogram"
		for _, p := range data.DataPoints {
			add(p.Attributes)
		}
	case metricdata.Gauge[float64]:
		s.kind = "gauge"
		for _, p := range data.DataPoints {
			add(p.Attributes)
		}
	case metricdata.Gauge[int64]:
		s.kind = "gauge"
		for _, p := range data.DataPoints {
			add(p.Attributes)
		}
	case metricdata.Sum[int64]:
		s.kind = "observable up-down counter"
		if data.IsMonotonic {
			s.kind = "counter"
		}
		for _, p := range data.DataPoints {
			add(p.Attributes)
		}
	}
	s.attributes = slices.Sorted(maps.Keys(all))
	return s
}

func TestTheDocumentListsEverySignal(t *testing.T) {
	tel := newTelemetry(t, otelentra.WithTokenSource(otelentra.ClientSecret))
	everything(tel)
	wantMetrics, wantSpans := documented(t)
	metrics, spans := map[string]signal{}, map[string]signal{}
	for name, m := range tel.metrics() {
		metrics[name] = seen(m)
		if m.Description == "" {
			t.Errorf("%s has no description", name)
		}
	}
	for _, span := range tel.spans.Ended() {
		name := strings.ReplaceAll(span.Name(), serverAddr, "{server.address}:{server.port}")
		s := spans[name]
		s.kind = span.SpanKind().String()
		s.attributes = slices.Compact(slices.Sorted(slices.Values(append(s.attributes, keys(span.Attributes())...))))
		spans[name] = s
	}
	if diff := cmp.Diff(wantMetrics, metrics, cmp.AllowUnexported(signal{})); diff != "" {
		t.Errorf("metrics (-documented +reported):\n%s", diff)
	}
	if len(metrics) != 19 {
		t.Errorf("%d metrics", len(metrics))
	}
	if !tel.records {
		return
	}
	if diff := cmp.Diff(wantSpans, spans, cmp.AllowUnexported(signal{})); diff != "" {
		t.Errorf("spans (-documented +reported):\n%s", diff)
	}
	if len(spans) != 5 {
		t.Errorf("%d spans", len(spans))
	}
}

// printed is everything that spans and metrics would export.
func printed(tel *telemetry) string {
	var b strings.Builder
	for _, s := range tel.spans.Ended() {
		fmt.Fprintln(&b, s.Name(), s.Status(), s.InstrumentationScope(), s.Resource())
		for _, a := range s.Attributes() {
			fmt.Fprintln(&b, a.Key, fmt.Sprint(a.Value.AsInterface()))
		}
		fmt.Fprintln(&b, s.Events())
		for _, l := range s.Links() {
			fmt.Fprintln(&b, l.Attributes, l.SpanContext.TraceState())
		}
	}
	for _, m := range tel.metrics() {
		fmt.Fprintf(&b, "%+v\n", m)
		switch data := m.Data.(type) {
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				fmt.Fprintln(&b, p.Attributes.Encoded(attribute.DefaultEncoder()))
			}
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				fmt.Fprintln(&b, p.Attributes.Encoded(attribute.DefaultEncoder()))
			}
		}
	}
	return b.String()
}

func TestNoSecretIsReported(t *testing.T) {
	const objectID = "9f6e2a34-0000-4000-8000-6d0f3ac54c11"
	for _, policy := range []otelentra.SpanPolicy{otelentra.SpansFailuresAndSlow, otelentra.SpansAll} {
		tel := newTelemetry(t, otelentra.WithSpans(policy), otelentra.WithUserID(objectID))
		everything(tel)
		all := printed(tel)
		for _, secret := range secrets() {
			for _, word := range append(strings.Fields(secret), secret) {
				if len(word) > 3 && strings.Contains(all, word) && word != "server" {
					t.Errorf("%q is reported", word)
				}
			}
		}
		for _, s := range tel.spans.Ended() {
			tel.has(s, "user.id", objectID)
			if len(s.Events()) != 0 {
				t.Errorf("span %q has events", s.Name())
			}
		}
		for name, m := range tel.metrics() {
			if slices.Contains(seen(m).attributes, "user.id") {
				t.Errorf("%s carries the object id", name)
			}
		}
	}
}

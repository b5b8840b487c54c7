package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/livepage"
	"github.com/entraredis/entraredis/otel/otelentra"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutlog"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/semconv/v1.43.0"
)

// telemetry is how the service is watched. Everything here but the live page it would have anyway.
type telemetry struct {
	observer *entra.Observer // what the Source is given
	logger   *slog.Logger    // what the Source is given
	page     *livepage.Page
	closers  []func(context.Context) error
}

func startTelemetry(traces bool, out io.Writer) (*telemetry, error) {
	t := &telemetry{}
	service := resource.NewSchemaless(semconv.ServiceName("shop"))

	// The names that dashboard and alerts expect are those of this strategy.
	exporter, err := prometheus.New(prometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes))
	if err != nil {
		return nil, err
	}
	meters := metric.NewMeterProvider(metric.WithReader(exporter), metric.WithResource(service))
	t.closers = append(t.closers, meters.Shutdown)

	options := []otelentra.Option{
		otelentra.WithMeterProvider(meters), otelentra.WithMetrics(otelentra.MetricsAll), otelentra.WithTokenSource(otelentra.ClientSecret),
	}
	if traces { // else there is no tracer provider: metrics and the live page do without
		toOut, err := stdouttrace.New(stdouttrace.WithWriter(out))
		if err != nil {
			return nil, err
		}
		tracers := trace.NewTracerProvider(trace.WithResource(service), trace.WithBatcher(toOut),
			trace.WithSampler(otelentra.NewSampler(trace.ParentBased(trace.TraceIDRatioBased(.05)))))
		t.closers = append(t.closers, tracers.Shutdown)
		options = append(options, otelentra.WithTracerProvider(tracers))
	}

	toStderr, err := stdoutlog.New(stdoutlog.WithWriter(os.Stderr))
	if err != nil {
		return nil, err
	}
	logs := log.NewLoggerProvider(log.WithProcessor(log.NewSimpleProcessor(toStderr)), log.WithResource(service))
	t.closers = append(t.closers, logs.Shutdown)
	t.logger = otelslog.NewLogger("shop", otelslog.WithLoggerProvider(logs))

	observer, err := otelentra.NewObserver(options...)
	if err != nil {
		return nil, err
	}
	t.page = livepage.New(nil)
	t.observer = entra.JoinObservers(observer, t.page.Observer())
	return t, nil
}

// close sends what has not been sent yet.
func (t *telemetry) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var problems []error
	for _, end := range t.closers {
		problems = append(problems, end(ctx))
	}
	return errors.Join(problems...)
}

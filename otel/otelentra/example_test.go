package otelentra_test

import (
	"context"
	"fmt"
	"log"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/otelentra"
)

// A program sets the global providers, or passes its own as here.
func ExampleNewObserver() {
	reader := metric.NewManualReader()
	obs, err := otelentra.NewObserver(
		otelentra.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))),
		otelentra.WithTokenSource(otelentra.ClientSecret),
	)
	if err != nil {
		log.Fatal(err)
	}
	cred, err := entratest.NewSTS(nil).ClientSecretCredential()
	if err != nil {
		log.Fatal(err)
	}
	src, err := entra.NewSource(cred, &entra.Options{Observer: obs})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if _, err := src.Token(ctx); err != nil {
		log.Fatal(err)
	}
	if err := src.Close(); err != nil { // so that nothing more is on its way
		log.Fatal(err)
	}

	var all metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &all); err != nil {
		log.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if m.Name != "entraredis.token.renewals" {
			continue
		}
		for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
			trigger, _ := p.Attributes.Value("entraredis.token.refresh.trigger")
			fmt.Println(trigger.AsString(), p.Value)
		}
	}
	// Unordered output:
	// initial 1
	// scheduled 0
	// forced 0
}

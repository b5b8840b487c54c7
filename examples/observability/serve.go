package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serve answers until ctx ends.
func (t *telemetry) serve(ctx context.Context, listener net.Listener) error {
	mux := http.NewServeMux()
	// Only OpenMetrics carries exemplars, which lead from a slow AUTH to its trace.
	mux.Handle("/metrics", promhttp.HandlerFor(prometheus.DefaultGatherer, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.Handle("/redis-auth/", http.StripPrefix("/redis-auth", t.page))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // also ends the live page's streams
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

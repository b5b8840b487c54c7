package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/otelentra"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
)

const (
	workers  = 2 // for each cache; each of the other connections waits for an order
	pause    = 250 * time.Millisecond
	patience = 10 * time.Second
)

// A pod is a service that is watched: metrics over HTTP, log lines as JSON on standard error, spans and the number of its
// commands as JSON on standard output.
type pod struct {
	listen, entra string
	caches        [][2]string // name and address
	conns         int
	patience      time.Duration

	succeeded, failed atomic.Int64 // commands
}

func (p *pod) addCache(flag string) error {
	name, addr, ok := strings.Cut(flag, "=")
	if !ok {
		return errors.New("want name=host:port")
	}
	p.caches = append(p.caches, [2]string{name, addr})
	return nil
}

func (p *pod) run(ctx context.Context) error {
	exporter, err := prometheus.New(prometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes))
	if err != nil {
		return err
	}
	meters := metric.NewMeterProvider(metric.WithReader(exporter))
	toOut, err := stdouttrace.New()
	if err != nil {
		return err
	}
	fewer := trace.ParentBased(trace.TraceIDRatioBased(.05))
	tracers := trace.NewTracerProvider(trace.WithBatcher(toOut), trace.WithSampler(otelentra.NewSampler(fewer)))
	defer func() { _ = tracers.Shutdown(context.WithoutCancel(ctx)) }()
	observer, err := otelentra.NewObserver(otelentra.WithMeterProvider(meters), otelentra.WithTracerProvider(tracers),
		otelentra.WithTokenSource(otelentra.ClientSecret))
	if err != nil {
		return err
	}
	cred, err := azidentity.NewClientSecretCredential(entratest.TenantID, entratest.ClientID, entratest.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: azcore.ClientOptions{Transport: remoteEntra(p.entra)}})
	if err != nil {
		return err
	}
	src, err := entra.NewSource(cred, &entra.Options{Observer: observer, Logger: slog.New(slog.NewJSONHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	defer src.Close()

	listener, err := net.Listen("tcp", p.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: promhttp.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()

	tracer := tracers.Tracer("shop")
	for _, cache := range p.caches {
		opt := &redis.Options{Addr: cache[1], PoolSize: p.conns}
		if err := entragoredis.Configure(opt, src, &entragoredis.Options{Name: cache[0]}); err != nil {
			return err
		}
		client := redis.NewClient(opt)
		defer func() { _ = client.Close() }()
		for range p.conns - workers {
			go func() {
				for rest(ctx, pause) {
					_ = client.BLPop(ctx, patience, "orders").Err() // there are none
				}
			}()
		}
		for range workers {
			go func() {
				for rest(ctx, pause) {
					ctx, span := tracer.Start(ctx, "buy")
					err := client.Incr(ctx, "sold").Err()
					span.End()
					if err == nil {
						p.succeeded.Add(1)
					} else if ctx.Err() == nil {
						p.failed.Add(1)
					}
				}
			}()
		}
	}
	return p.report(ctx)
}

// report writes once a second how many commands there were. When patience has run out it ends the process at once, as
// log.Fatal does: spans and lines that have not been sent are lost.
func (p *pod) report(ctx context.Context) error {
	started, works := time.Now(), p.patience == 0
	for rest(ctx, time.Second) {
		succeeded, failed := p.succeeded.Swap(0), p.failed.Swap(0)
		fmt.Printf("{\"succeeded\":%d,\"failed\":%d}\n", succeeded, failed)
		works = works || succeeded > 0
		if !works && time.Since(started) > p.patience {
			os.Exit(1)
		}
	}
	return nil
}

// A remoteEntra is the address of the fake Entra, which gets every request of the credential.
type remoteEntra string

// Do implements policy.Transporter.
func (to remoteEntra) Do(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = r.URL.Host // what the answers are about
	r.URL.Scheme, r.URL.Host = "http", string(to)
	return http.DefaultClient.Do(r)
}

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/examples/proxy/forward"
	"github.com/entraredis/entraredis/examples/proxy/listen"
	"github.com/entraredis/entraredis/examples/proxy/settings"
)

// run serves clients until ctx ends, and then drains.
func run(ctx context.Context, s settings.Settings, out io.Writer, logger *slog.Logger) (err error) {
	clients, err := listen.On(s.Listen, listen.Options{AllowRemote: s.AllowRemote, SocketMode: s.SocketMode})
	if err != nil {
		return err
	}
	defer clients.Close()
	telemetry, err := startTelemetry()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, telemetry.close()) }()

	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return err
	}
	src, err := entra.NewSource(cred, &entra.Options{Observer: telemetry.observer, Logger: logger})
	if err != nil {
		return err
	}
	defer src.Close()

	connect := connector(src, s)
	server := forward.NewServer(connect, &forward.Options{Logger: logger})
	if err := telemetry.watch(server); err != nil {
		return err
	}
	health := newHealth(src, connect)
	defer health.close()
	monitor, err := serveHTTP(s.HTTP, health, telemetry)
	if err != nil {
		return err
	}
	defer monitor.close()

	if err := firstToken(ctx, src); err != nil {
		return err
	}
	fmt.Fprintf(out, "proxy: %s leads to %s%s\n", clients.Addr(), s.Cache, monitor)
	return serveClients(ctx, server, clients, health, s.Drain, out)
}

// connector returns a function that connects to the cache, over TLS and logged in.
func connector(src *entra.Source, s settings.Settings) forward.Dial {
	overTLS := &tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}
	dialer := entraconn.NewDialer(src, &entraconn.Options{Library: "proxy"})
	return func(ctx context.Context, wrap func(net.Conn) net.Conn) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, s.DialTimeout)
		defer cancel()
		return dialer.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := overTLS.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return wrap(conn), nil
		})(ctx, "tcp", s.Cache)
	}
}

// firstToken waits for a token, and returns an error if there will be none before an operator has done something: it is
// better to say so and end than to look alive. If Entra is down, the proxy starts and is not ready.
func firstToken(ctx context.Context, src *entra.Source) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := src.Token(ctx)
	failure, ok := errors.AsType[*entra.RefreshError](err)
	if ok && (failure.Kind == entra.KindRejected || failure.Kind == entra.KindMalformed) {
		return failure
	}
	return nil
}

// serveClients serves until ctx ends, and then gives clients that long to end.
func serveClients(ctx context.Context, server *forward.Server, l net.Listener, health *health, patience time.Duration, out io.Writer) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	health.draining.Store(true)
	bound, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cut := server.Drain(bound)
	fmt.Fprintf(out, "proxy: drained clients=%d cut_off=%d\n", server.Stats().Accepted, cut)
	return <-served
}

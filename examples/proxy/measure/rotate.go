package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// rotate runs redis-benchmark, a subscriber and a blocked client through the proxy for about that long, against a gateway
// that ends connections whose token has expired. It returns what to say of it, and an error if anything was lost.
func rotate(ctx context.Context, length time.Duration) (summary string, err error) {
	backend, err := entratest.StartRedis(ctx)
	if err != nil {
		return "", err
	}
	defer backend.Close()
	watchdog, err := entratest.NewWatchdog(backend)
	if err != nil {
		return "", err
	}
	defer watchdog.Close()
	dir, err := os.MkdirTemp("", "proxy-measure-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	server, _, err := entratest.TLSConfigs("127.0.0.1")
	if err != nil {
		return "", err
	}
	certificate, _, err := writePEM(dir, server.Certificates[0])
	if err != nil {
		return "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	sts := entratest.NewSTS(&entratest.STSOptions{Lifetime: tokenLife, Starved: watchdog.Starved})
	gateway := entratest.NewGateway(l, &entratest.GatewayOptions{STS: sts, Backend: backend, TLS: server})
	defer gateway.Close()
	tokens := serveTokens(sts, func(string) error { return nil })
	defer tokens.Close()
	proxy, err := startChild(ctx, gateway.Addr(), certificate, tokens.URL)
	if err != nil {
		return "", err
	}

	listeners, err := startListeners(ctx, proxy.addr, backend.Addr())
	if err != nil {
		return "", err
	}
	rate, err := benchmark{addr: proxy.addr}.rate(ctx, length)
	if err != nil {
		return "", err
	}
	heard, err := listeners.stop()
	if err != nil {
		return "", err
	}
	last, err := proxy.stop()
	if err != nil {
		return "", err
	}
	stats := gateway.Stats()
	fmt.Printf("%-22s %9.0f requests/s  with a gateway that ends expired connections: %d AUTHs, %d refused, %d connections expired; %s\n",
		"proxy", rate, stats.Auths, stats.Refused, stats.Expired, last)
	if stats.Expired > 0 || stats.Refused > 0 {
		return "", errors.New("connections have expired, or AUTHs were refused")
	}
	return fmt.Sprintf("tokens=%d errors=0 %s", tokens.issued.Load(), heard), nil
}

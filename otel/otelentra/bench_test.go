package otelentra_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/otel/otelentra"
)

// An AUTH with the real SDK, spans off: what 10,000 connections cost in each rotation.
func authRecorder(t testing.TB, phase entra.AuthPhase) func() {
	obs, err := otelentra.NewObserver(otelentra.WithSpans(otelentra.SpansNone),
		otelentra.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	token := entra.TokenTimes{IssuedAt: time.Now(), RenewBy: time.Now().Add(72 * time.Minute), ExpiresOn: time.Now().Add(75 * time.Minute)}
	conns := make([]entra.ConnInfo, 10_000)
	for i := range conns {
		conns[i] = entra.ConnInfo{Library: "go-redis", Pool: "cache", ID: uint64(i), ServerAddr: "cache.redis.cache.windows.net:6380"}
		obs.ConnOpened(ctx, entra.ConnOpenedInfo{Conn: conns[i]})
	}
	i := 0
	return func() {
		conn := conns[i%len(conns)]
		i++
		started := obs.AuthStart(ctx, entra.AuthStartInfo{Conn: conn, Phase: phase, Token: token})
		obs.AuthDone(started, entra.AuthDoneInfo{Conn: conn, Phase: phase, Token: token, Duration: 3 * time.Millisecond})
	}
}

func BenchmarkAuth(b *testing.B) {
	for _, phase := range []entra.AuthPhase{entra.AuthInitial, entra.AuthRotation} {
		b.Run(string(phase), func(b *testing.B) {
			auth := authRecorder(b, phase)
			b.ReportAllocs()
			for b.Loop() {
				auth()
			}
		})
	}
}

func TestAnAuthCostsAtMostTwoAllocations(t *testing.T) {
	for _, phase := range []entra.AuthPhase{entra.AuthInitial, entra.AuthRotation} {
		auth := authRecorder(t, phase)
		auth()
		if allocs := testing.AllocsPerRun(1000, auth); allocs > 2 {
			t.Errorf("%s: %v allocations", phase, allocs)
		}
	}
}

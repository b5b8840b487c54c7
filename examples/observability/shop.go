package main

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/redis/go-redis/v9"
)

const (
	connections = 12
	workers     = 4
	pause       = 20 * time.Millisecond
)

// A shop is the service that is watched.
type shop struct {
	src    *entra.Source
	client *redis.Client
}

func openShop(s *stage, t *telemetry) (*shop, error) {
	src, err := entra.NewSource(s.cred, &entra.Options{Observer: t.observer, Logger: t.logger})
	if err != nil {
		return nil, err
	}
	t.page.Watch(src)
	opt := &redis.Options{Addr: s.addr, TLSConfig: s.tls, PoolSize: connections, MinIdleConns: connections - workers}
	if err := entragoredis.Configure(opt, src, &entragoredis.Options{Name: "carts"}); err != nil {
		src.Close()
		return nil, err
	}
	return &shop{src: src, client: redis.NewClient(opt)}, nil
}

// close ends the client before the Source that it is fed from.
func (s *shop) close() {
	_ = s.client.Close() // nothing is under way
	s.src.Close()
}

// work serves customers until ctx ends. The channel is closed when the last has gone.
func (s *shop) work(ctx context.Context) <-chan struct{} {
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { s.serve(ctx, "cart:"+strconv.Itoa(i)) })
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	return done
}

// serve does not report errors: in an outage there are many, and telemetry has to tell what they come from.
func (s *shop) serve(ctx context.Context, cart string) {
	for ctx.Err() == nil {
		_ = s.client.Incr(ctx, cart).Err()
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

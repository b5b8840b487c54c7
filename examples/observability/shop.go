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
	customers = 4
	clerks    = 8 // each holds a connection while it waits for an order
	pause     = 50 * time.Millisecond
	patience  = time.Second
	orders    = "orders"
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
	opt := &redis.Options{Addr: s.addr, TLSConfig: s.tls, PoolSize: customers + clerks}
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

// work goes on until ctx ends. The channel is closed when all workers have stopped. They do not
// report errors: in an outage there are many, and telemetry must show where they come from.
func (s *shop) work(ctx context.Context) <-chan struct{} {
	var wg sync.WaitGroup
	for i := range customers {
		wg.Go(func() { s.buy(ctx, "cart:"+strconv.Itoa(i)) })
	}
	for range clerks {
		wg.Go(func() { s.deliver(ctx) })
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	return done
}

func (s *shop) buy(ctx context.Context, cart string) {
	for rest(ctx, pause) {
		_, _ = s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.Incr(ctx, cart)
			p.RPush(ctx, orders, cart)
			return nil
		})
	}
}

func (s *shop) deliver(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.client.BLPop(ctx, patience, orders).Err(); err != nil {
			rest(ctx, pause)
		}
	}
}

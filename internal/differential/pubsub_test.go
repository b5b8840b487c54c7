package differential

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/core/entraconn"
)

// A subscriber calls got with every message on the channel "sequence", in order, until ctx ends. It calls ready once
// it is subscribed.
type subscriber func(ctx context.Context, addr string, dial dialFunc, ready func(), got func(message string)) error

var subscribers = map[string]subscriber{
	"go-redis RESP2": func(ctx context.Context, addr string, dial dialFunc, ready func(), got func(string)) error {
		return goRedisReceives(ctx, addr, dial, 2, ready, got)
	},
	"go-redis RESP3": func(ctx context.Context, addr string, dial dialFunc, ready func(), got func(string)) error {
		return goRedisReceives(ctx, addr, dial, 3, ready, got)
	},
	"rueidis RESP2": func(ctx context.Context, addr string, dial dialFunc, ready func(), got func(string)) error {
		return rueidisReceives(ctx, addr, dial, rueidis.ClientOption{AlwaysRESP2: true, DisableCache: true}, ready, got)
	},
	"rueidis RESP3": func(ctx context.Context, addr string, dial dialFunc, ready func(), got func(string)) error {
		return rueidisReceives(ctx, addr, dial, rueidis.ClientOption{}, ready, got)
	},
	"redigo": redigoReceives,
}

func goRedisReceives(ctx context.Context, addr string, dial dialFunc, protocol int, ready func(), got func(string)) error {
	c := redis.NewClient(&redis.Options{Addr: addr, Protocol: protocol, Dialer: dial, MaxRetries: -1})
	defer c.Close()
	sub := c.Subscribe(ctx, "sequence")
	defer sub.Close()
	for ctx.Err() == nil {
		switch m, err := sub.ReceiveTimeout(ctx, time.Second); m := m.(type) {
		case *redis.Subscription:
			ready()
		case *redis.Message:
			got(m.Payload)
		case *redis.Pong:
		default:
			if ne := net.Error(nil); ctx.Err() == nil && (!errors.As(err, &ne) || !ne.Timeout()) {
				return err
			}
			if err := sub.Ping(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
	return nil
}

func rueidisReceives(ctx context.Context, addr string, dial dialFunc, opt rueidis.ClientOption, ready func(), got func(string)) error {
	c, err := openRueidis(addr, dial, opt)
	if err != nil {
		return err
	}
	defer c.close()
	defer c.confirmations.Expect("subscribe", "sequence", ready)()
	err = c.c.Receive(ctx, c.c.B().Subscribe().Channel("sequence").Build(), func(m rueidis.PubSubMessage) { got(m.Message) })
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func redigoReceives(ctx context.Context, addr string, dial dialFunc, ready func(), got func(string)) error {
	c, err := redigo.Dial("tcp", addr, redigo.DialContextFunc(dial))
	if err != nil {
		return err
	}
	sub := redigo.PubSubConn{Conn: c}
	defer sub.Close()
	if err := sub.Subscribe("sequence"); err != nil {
		return err
	}
	for ctx.Err() == nil {
		switch m := sub.ReceiveContext(ctx).(type) {
		case redigo.Subscription:
			ready()
			err = sub.Ping("a subscriber's")
		case redigo.Message:
			got(string(m.Data))
		case error:
			err = m
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// publish floods the channel with numbers until ctx ends, as fast as the slowest subscriber reads them.
func (s *site) publish(ctx context.Context, t *testing.T, read map[string]*atomic.Int64) (published int) {
	c, err := redigo.Dial("tcp", s.addr)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer c.Close()
	const batch = 20
	for ctx.Err() == nil {
		for _, count := range read {
			for int64(published)-count.Load() > 100*batch && ctx.Err() == nil {
				runtime.Gosched() // an AUTH's answer comes after the messages
			}
		}
		for range batch {
			published++
			_ = c.Send("PUBLISH", "sequence", published)
		}
		if _, err := c.Do(""); err != nil {
			t.Error(err)
			return published
		}
	}
	return published
}

// This catches what a subscription loses when it is renewed: by unsubscribing for a moment, by reconnecting, or by
// taking the answer to AUTH for a message.
func TestSubscribersMissNothing(t *testing.T) {
	for _, way := range ways(t) {
		t.Run(way.name, func(t *testing.T) {
			site := newSite(t)
			site.do(t, "CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0") // slow readers are no loss of ours
			proxied := way.to(t, site.addr)
			src := (&rapid{life: 8 * time.Millisecond, sizes: []int{1500, 4000, 8000}}).source(t)

			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var running, subscribed sync.WaitGroup
			counts := make(map[string]*atomic.Int64)
			for name, receive := range subscribers {
				count := &atomic.Int64{}
				counts[name] = count
				subscribed.Add(1)
				ready := sync.OnceFunc(subscribed.Done)
				running.Go(func() {
					defer ready()
					last := 0
					err := receive(ctx, proxied, entraconn.NewDialer(src, nil).DialFunc(way.dial), ready, func(message string) {
						n, err := strconv.Atoi(message)
						if last > 0 && n != last+1 || err != nil {
							t.Errorf("%s: %q came after %d", name, message, last)
							cancel()
						}
						last = n
						count.Add(1)
					})
					if err != nil {
						t.Errorf("%s: %v", name, err)
						cancel()
					}
				})
			}
			subscribed.Wait()
			before := site.auths(t)
			publishing := make(chan int)
			go func() { publishing <- site.publish(ctx, t, counts) }()
			auths := 0
			for enough := until(len(subscribers)**rotations, 33); !enough(auths) && ctx.Err() == nil; {
				_, newer := src.Latest()
				select {
				case <-newer:
				case <-ctx.Done():
				}
				auths = site.auths(t) - before
			}
			cancel()
			published := <-publishing
			running.Wait()
			line := fmt.Sprintf("%d messages published, %d AUTHs while subscribed;", published, auths)
			for name, count := range counts {
				line += fmt.Sprintf(" %s read %d;", name, count.Load())
			}
			t.Log(line)
		})
	}
}

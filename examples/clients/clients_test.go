package clients_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/clients"
	"github.com/go-redis/redis/v8"
	"github.com/mediocregopher/radix/v4"
	"github.com/valkey-io/valkey-go"
)

// A library is a client that a test drives. It ends with the test.
type library interface {
	incr(ctx context.Context, key string) (int64, error)
	publish(ctx context.Context, channel, message string) error
	push(ctx context.Context, key, element string) error
	pop(ctx context.Context, key string) (string, error) // waits as long as it takes
	// subscribe calls receive for each message until ctx ends.
	subscribe(ctx context.Context, channel string, receive func(message string)) error
}

// Commands, a subscription and a blocked pop go on for four hours, on tokens that live 75 minutes.
func TestClientsOutliveTheirTokens(t *testing.T) {
	for name, open := range map[string]func(*testing.T, *site) library{"valkey-go": openValkey, "radix": openRadix, "go-redis v8": openV8} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sts := entratest.NewSTS(nil)
				s := newSite(t, sts.Credential(), "", entratest.GatewayOptions{STS: sts})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				client := open(t, s)

				received := make(chan string, 100)
				go func() { _ = client.subscribe(ctx, "news", func(message string) { received <- message }) }() // ends with ctx
				popped := make(chan string, 1)
				go func() {
					element, err := client.pop(ctx, "queue")
					popped <- fmt.Sprint(element, err)
				}()
				synctest.Wait()

				for n := int64(1); n <= 12; n++ {
					time.Sleep(20 * time.Minute)
					if got, err := client.incr(ctx, "visits"); err != nil || got != n {
						t.Fatalf("the %d. command: %d, %v", n, got, err)
					}
					if err := client.publish(ctx, "news", fmt.Sprint(n)); err != nil {
						t.Fatal(err)
					}
					if got := <-received; got != fmt.Sprint(n) {
						t.Fatalf("the %d. message is %s", n, got)
					}
				}
				if err := client.push(ctx, "queue", "job"); err != nil {
					t.Fatal(err)
				}
				if got := <-popped; got != "job<nil>" {
					t.Errorf("popped %s after four hours", got)
				}
				if stats := s.gateway.Stats(); stats.Expired > 0 || stats.Refused > 0 || sts.Issued() < 4 {
					t.Errorf("%d connections expired and %d logins were refused on %d tokens", stats.Expired, stats.Refused, sts.Issued())
				}
			})
		})
	}
}

type ofValkey struct{ valkey.Client }

func openValkey(t *testing.T, s *site) library {
	client, err := clients.NewValkey(s.source, valkey.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true}, s.network.DialContext)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return ofValkey{client}
}

func (c ofValkey) incr(ctx context.Context, key string) (int64, error) {
	return c.Do(ctx, c.B().Incr().Key(key).Build()).AsInt64()
}

func (c ofValkey) publish(ctx context.Context, channel, message string) error {
	return c.Do(ctx, c.B().Publish().Channel(channel).Message(message).Build()).Error()
}

func (c ofValkey) push(ctx context.Context, key, element string) error {
	return c.Do(ctx, c.B().Rpush().Key(key).Element(element).Build()).Error()
}

func (c ofValkey) pop(ctx context.Context, key string) (string, error) {
	pair, err := c.Do(ctx, c.B().Blpop().Key(key).Timeout(0).Build()).AsStrSlice()
	return last(pair), err
}

func (c ofValkey) subscribe(ctx context.Context, channel string, receive func(string)) error {
	return c.Receive(ctx, c.B().Subscribe().Channel(channel).Build(), func(m valkey.PubSubMessage) { receive(m.Message) })
}

type ofRadix struct {
	radix.Client
	dialer radix.Dialer
}

func openRadix(t *testing.T, s *site) library {
	dialer := clients.RadixDialer(s.source, s.network.DialContext)
	pool, err := (radix.PoolConfig{Dialer: dialer}).New(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() }) // the test is over
	return ofRadix{pool, dialer}
}

func (c ofRadix) incr(ctx context.Context, key string) (n int64, err error) {
	err = c.Do(ctx, radix.Cmd(&n, "INCR", key))
	return n, err
}

func (c ofRadix) publish(ctx context.Context, channel, message string) error {
	return c.Do(ctx, radix.Cmd(nil, "PUBLISH", channel, message))
}

func (c ofRadix) push(ctx context.Context, key, element string) error {
	return c.Do(ctx, radix.Cmd(nil, "RPUSH", key, element))
}

func (c ofRadix) pop(ctx context.Context, key string) (string, error) {
	var pair []string
	err := c.Do(ctx, radix.Cmd(&pair, "BLPOP", key, "0"))
	return last(pair), err
}

func (c ofRadix) subscribe(ctx context.Context, channel string, receive func(string)) error {
	conn, err := (radix.PersistentPubSubConnConfig{Dialer: c.dialer}).New(ctx, func() (string, string, error) { return "tcp", addr, nil })
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Subscribe(ctx, channel); err != nil {
		return err
	}
	for {
		m, err := conn.Next(ctx)
		if err != nil {
			return err
		}
		receive(string(m.Message))
	}
}

type ofV8 struct{ *redis.Client }

func openV8(t *testing.T, s *site) library {
	client := clients.NewGoRedisV8(s.source, addr, s.network.DialContext)
	t.Cleanup(func() { _ = client.Close() }) // the test is over
	return ofV8{client}
}

func (c ofV8) incr(ctx context.Context, key string) (int64, error) { return c.Incr(ctx, key).Result() }

func (c ofV8) publish(ctx context.Context, channel, message string) error {
	return c.Publish(ctx, channel, message).Err()
}

func (c ofV8) push(ctx context.Context, key, element string) error {
	return c.RPush(ctx, key, element).Err()
}

func (c ofV8) pop(ctx context.Context, key string) (string, error) {
	pair, err := c.BLPop(ctx, 0, key).Result()
	return last(pair), err
}

func (c ofV8) subscribe(ctx context.Context, channel string, receive func(string)) error {
	sub := c.Subscribe(ctx, channel)
	defer sub.Close()
	for {
		m, err := sub.ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		receive(m.Payload)
	}
}

// last returns what BLPOP has popped from the key that it names first.
func last(pair []string) string {
	if len(pair) != 2 {
		return fmt.Sprint(pair)
	}
	return pair[1]
}

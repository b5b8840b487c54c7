package clients_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/clients"
)

// Tasks are enqueued and processed for two hours, on tokens that live 75 minutes.
func TestAsynqOutlivesItsTokens(t *testing.T) {
	for name, open := range map[string]func(*testing.T, *redis.Client, asynq.Config) (*asynq.Client, *asynq.Server){
		"a client of the caller's": func(_ *testing.T, rdb *redis.Client, cfg asynq.Config) (*asynq.Client, *asynq.Server) {
			return clients.NewAsynq(rdb, cfg)
		},
		"a RedisConnOpt": func(t *testing.T, rdb *redis.Client, cfg asynq.Config) (*asynq.Client, *asynq.Server) {
			opt := clients.AsynqConnOpt(func() redis.UniversalClient { return redis.NewClient(rdb.Options()) })
			client, server := asynq.NewClient(opt), asynq.NewServer(opt, cfg)
			t.Cleanup(func() { _ = client.Close() }) // the test is over
			return client, server
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sts := entratest.NewSTS(nil)
				s := newSite(t, sts.Credential(), "", entratest.GatewayOptions{STS: sts})
				client, server := open(t, s.newClient(t), asynq.Config{
					Concurrency: 2, LogLevel: asynq.FatalLevel, TaskCheckInterval: 10 * time.Second, DelayedTaskCheckInterval: time.Minute,
				})
				processed := make(chan string, 10)
				err := server.Start(asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
					processed <- string(task.Payload())
					return nil
				}))
				if err != nil {
					t.Fatal(err)
				}
				for n := range 5 {
					if _, err := client.Enqueue(asynq.NewTask("greet", fmt.Append(nil, n))); err != nil {
						t.Fatal(err)
					}
					if got := <-processed; got != fmt.Sprint(n) {
						t.Errorf("processed %s, want %d", got, n)
					}
					time.Sleep(25 * time.Minute)
				}
				server.Shutdown()
				if stats := s.gateway.Stats(); stats.Expired > 0 || stats.Refused > 0 || sts.Issued() < 2 {
					t.Errorf("%d connections expired and %d logins were refused on %d tokens", stats.Expired, stats.Refused, sts.Issued())
				}
			})
		})
	}
}

// Messages are published and received for two hours, on tokens that live 75 minutes.
func TestWatermillOutlivesItsTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sts := entratest.NewSTS(nil)
		s := newSite(t, sts.Credential(), "", entratest.GatewayOptions{STS: sts})
		pub, sub, err := clients.NewWatermill(s.newClient(t), "billing")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		messages, err := sub.Subscribe(ctx, "orders")
		if err != nil {
			t.Fatal(err)
		}
		for n := range 5 {
			want := fmt.Sprintf("order %d", n)
			if err := pub.Publish("orders", message.NewMessage(fmt.Sprint(n), []byte(want))); err != nil {
				t.Fatal(err)
			}
			got := <-messages
			if string(got.Payload) != want {
				t.Errorf("received %s, want %s", got.Payload, want)
			}
			got.Ack()
			time.Sleep(25 * time.Minute)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second) // its reader looks half a second after an error whether to go on
		if stats := s.gateway.Stats(); stats.Expired > 0 || stats.Refused > 0 || sts.Issued() < 2 {
			t.Errorf("%d connections expired and %d logins were refused on %d tokens", stats.Expired, stats.Refused, sts.Issued())
		}
	})
}

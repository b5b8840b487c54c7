package entragoredis_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/internal/documents"
	"github.com/entraredis/entraredis/internal/neverworse/stage"
	"github.com/redis/go-redis/v9"
)

// A way makes connections of a client log in that a library has made already.
type way struct {
	name  string // as docs/libraries.md has it
	works bool
	// open makes the client, and does to it what the name says.
	open func(at *stage.Stage, dial dialFunc) (redis.UniversalClient, error)
}

// ways are all that docs/libraries.md lists.
func ways() []way {
	hook := func(client redis.UniversalClient, dial dialFunc) redis.UniversalClient {
		client.AddHook(dialHook(dial))
		return client
	}
	single := func(at *stage.Stage) *redis.Client {
		return redis.NewClient(&redis.Options{Addr: at.Addr, Dialer: at.Network.DialContext})
	}
	cluster := func(at *stage.Stage) *redis.ClusterClient {
		return redis.NewClusterClient(&redis.ClusterOptions{Dialer: at.Network.DialContext, ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
			return []redis.ClusterSlot{{End: 16383, Nodes: []redis.ClusterNode{{Addr: at.Addr}}}}, nil
		}})
	}
	ring := func(at *stage.Stage) *redis.Ring {
		return redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": at.Addr}, Dialer: at.Network.DialContext})
	}
	plaintext := &entragoredis.Options{AllowPlaintext: true}
	return []way{
		{"`AddHook` on a `Client`", true, func(at *stage.Stage, dial dialFunc) (redis.UniversalClient, error) {
			return hook(single(at), dial), nil
		}},
		{"`AddHook` on a `Client` that has dialed, for `MinIdleConns`", false, func(at *stage.Stage, dial dialFunc) (redis.UniversalClient, error) {
			client := redis.NewClient(&redis.Options{Addr: at.Addr, Dialer: at.Network.DialContext, MinIdleConns: 2})
			synctest.Wait()
			return hook(client, dial), nil
		}},
		{"`AddHook` on a `Client` that sets a password", false, func(at *stage.Stage, dial dialFunc) (redis.UniversalClient, error) {
			return hook(redis.NewClient(&redis.Options{Addr: at.Addr, Password: "access key"}), dial), nil
		}},
		{"`AddHook` on a `ClusterClient`", false, func(at *stage.Stage, dial dialFunc) (redis.UniversalClient, error) {
			return hook(cluster(at), dial), nil
		}},
		{"`OnNewNode` of a `ClusterClient`, with `AddHook` on each node", true, func(at *stage.Stage, dial dialFunc) (redis.UniversalClient, error) {
			client := cluster(at)
			client.OnNewNode(func(node *redis.Client) { hook(node, dial) })
			return client, nil
		}},
		{"`AddHook` on a `Ring`", false, func(at *stage.Stage, dial dialFunc) (redis.UniversalClient, error) {
			return hook(ring(at), dial), nil
		}},
		{"`OnNewNode` of a `Ring`, with `AddHook` on each shard", false, func(at *stage.Stage, dial dialFunc) (redis.UniversalClient, error) {
			client := ring(at)
			client.OnNewNode(func(node *redis.Client) { hook(node, dial) })
			return client, nil
		}},
		{"`ForEachShard` of a `Ring`, with `AddHook` on each shard", true, func(at *stage.Stage, dial dialFunc) (redis.UniversalClient, error) {
			client := ring(at)
			err := client.ForEachShard(context.Background(), func(_ context.Context, shard *redis.Client) error {
				hook(shard, dial)
				return nil
			})
			return client, err
		}},
		{"`Configure` with `Options()` of a `Client`", true, func(at *stage.Stage, _ dialFunc) (redis.UniversalClient, error) {
			client := single(at)
			return client, entragoredis.Configure(client.Options(), at.Source, plaintext)
		}},
		{"`ConfigureCluster` with `Options()` of a `ClusterClient`", true, func(at *stage.Stage, _ dialFunc) (redis.UniversalClient, error) {
			client := cluster(at)
			return client, entragoredis.ConfigureCluster(client.Options(), at.Source, plaintext)
		}},
		{"`ConfigureRing` with `Options()` of a `Ring`", false, func(at *stage.Stage, _ dialFunc) (redis.UniversalClient, error) {
			client := ring(at)
			return client, entragoredis.ConfigureRing(client.Options(), at.Source, plaintext)
		}},
		{"a new `Client` with a copy of `Options()`, configured", true, func(at *stage.Stage, _ dialFunc) (redis.UniversalClient, error) {
			client := single(at)
			defer client.Close()
			opt := *client.Options()
			if processor := reflect.ValueOf(&opt).Elem().FieldByName("PushNotificationProcessor"); processor.IsValid() { // go-redis 9.14 has none
				processor.SetZero() // it is that of the other client
			}
			err := entragoredis.Configure(&opt, at.Source, plaintext)
			return redis.NewClient(&opt), err
		}},
	}
}

// A client that works does so for four hours, on tokens that live 75 minutes. One that does not work says so at once.
func TestFinishedClients(t *testing.T) {
	for _, way := range ways() {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at := stage.New(t)
				dial, err := entragoredis.NewDialer(&redis.UniversalOptions{Addrs: []string{at.Addr}, Dialer: at.Network.DialContext}, at.Source, &entragoredis.Options{AllowPlaintext: true})
				if err != nil {
					t.Fatal(err)
				}
				client, err := way.open(at, dial)
				if err != nil {
					t.Fatal(err)
				}
				defer time.Sleep(time.Minute) // dials for MinIdleConns go on for a while after Close
				defer client.Close()
				if !way.works {
					if err := client.Set(t.Context(), "key", 1, 0).Err(); err == nil {
						t.Error("it works")
					}
					return
				}
				subscription := client.Subscribe(t.Context(), "news")
				defer subscription.Close()
				if _, err := subscription.Receive(t.Context()); err != nil {
					t.Fatal(err)
				}
				for n := range 12 {
					if got, err := client.Incr(t.Context(), "key").Result(); err != nil || got != int64(n+1) {
						t.Fatalf("after %v: %d, %v", time.Duration(n)*20*time.Minute, got, err)
					}
					if _, err := client.Pipelined(t.Context(), func(pipe redis.Pipeliner) error { return pipe.Publish(t.Context(), "news", n).Err() }); err != nil {
						t.Fatal(err)
					}
					if message, err := subscription.ReceiveMessage(t.Context()); err != nil || message.Payload != fmt.Sprint(n) {
						t.Fatalf("message %d: %v, %v", n, message, err)
					}
					time.Sleep(20 * time.Minute)
				}
				if stats := at.Gateway.Stats(); stats.Expired > 0 || stats.Refused > 0 {
					t.Errorf("%d connections expired, %d logins were refused", stats.Expired, stats.Refused)
				}
			})
		})
	}
}

func TestDocumentsWhatFinishedClientsCanDo(t *testing.T) {
	page, err := os.ReadFile("../../docs/libraries.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := documents.Column(string(page), "## A client that is made already", "works")
	for _, way := range ways() {
		want := map[bool]string{true: "yes", false: "no"}[way.works]
		if got := listed[way.name]; got != want {
			t.Errorf("docs/libraries.md says %q of %s, want %s", got, way.name, want)
		}
		delete(listed, way.name)
	}
	for name, works := range listed {
		t.Errorf("docs/libraries.md says %s of %s, which is not tried", works, name)
	}
}

// A dialHook is a redis.Hook that dials.
type dialHook func(ctx context.Context, network, addr string) (net.Conn, error)

func (h dialHook) DialHook(redis.DialHook) redis.DialHook { return redis.DialHook(h) }

func (h dialHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (h dialHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

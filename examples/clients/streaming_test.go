package clients_test

import (
	"runtime"
	"testing"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/redis/go-redis/v9"
)

// These are faults of go-redis 9.23.0 with any StreamingCredentialsProvider, which docs/libraries.md names as reasons to set a
// Dialer. When one of the tests fails with a later version, the fault is mended: change the page.

func TestGoRedisPanicsInConnWithStreamingCredentials(t *testing.T) {
	s := newStreamingSite(t)
	for name, conn := range map[string]func(*redis.Client) *redis.Conn{"Conn": (*redis.Client).Conn, "EphemeralConn": (*redis.Client).EphemeralConn} {
		client := redis.NewClient(&redis.Options{Addr: addr, Dialer: s.network.DialContext, StreamingCredentialsProvider: s.credentials})
		if panicked(func() { _ = conn(client).Ping(t.Context()).Err() }) == nil {
			t.Errorf("%s does not panic any more", name)
		}
		_ = client.Close() // what the panic has left in it
		ours := s.newClient(t)
		if err := conn(ours).Ping(t.Context()).Err(); err != nil {
			t.Errorf("%s of a client with the adapter's Dialer: %v", name, err)
		}
	}
}

// go-redis keeps its listener, and by it the connection with its two buffers of 32 KiB, for as long as the client is open.
func TestGoRedisKeepsConnectionsOfClosedSubscriptions(t *testing.T) {
	s := newStreamingSite(t)
	kept := func(opt *redis.Options) (bytes int64) {
		client := redis.NewClient(opt)
		defer client.Close()
		subscribe := func(n int) {
			for range n {
				sub := client.Subscribe(t.Context(), "news")
				if _, err := sub.Receive(t.Context()); err != nil {
					t.Fatal(err)
				}
				_ = sub.Close()
			}
		}
		const subscriptions = 50
		subscribe(5)
		before := heap()
		subscribe(subscriptions)
		return (heap() - before) / subscriptions
	}
	theirs := kept(&redis.Options{Addr: addr, Dialer: s.network.DialContext, StreamingCredentialsProvider: s.credentials})
	opt := &redis.Options{Addr: addr, Dialer: s.network.DialContext}
	if err := entragoredis.Configure(opt, s.source, nil); err != nil {
		t.Fatal(err)
	}
	ours := kept(opt)
	t.Logf("heap that a closed subscription keeps: %d bytes with a StreamingCredentialsProvider, %d with the adapter's Dialer", theirs, ours)
	if theirs < 32<<10 || ours > 16<<10 {
		t.Errorf("a closed subscription keeps %d bytes with a StreamingCredentialsProvider, %d with the adapter's Dialer", theirs, ours)
	}
}

type streamingSite struct {
	*site
	credentials *entragoredis.StreamingCredentials
}

func newStreamingSite(t *testing.T) streamingSite {
	t.Helper()
	sts := entratest.NewSTS(nil)
	s := newSite(t, sts.Credential(), "", entratest.GatewayOptions{STS: sts})
	credentials, err := entragoredis.NewStreamingCredentials(s.source)
	if err != nil {
		t.Fatal(err)
	}
	return streamingSite{s, credentials}
}

func panicked(f func()) (reason any) {
	defer func() { reason = recover() }()
	f()
	return nil
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

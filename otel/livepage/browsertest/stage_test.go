package browsertest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/adapters/entragoredis"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/livepage"
)

// A stage is a program that uses Redis, with its live page, and what it depends on.
type stage struct {
	sts     *entratest.STS
	gateway *entratest.Gateway
	src     *entra.Source
	rdb     *redis.Client
	page    *livepage.Page
	server  *httptest.Server
	gone    atomic.Bool // as far as the network is concerned
}

const connections = 12

// play starts a program whose tokens live this long. None expires because the machine is busy.
func play(t *testing.T, life time.Duration, opts *livepage.Options) *stage {
	t.Helper()
	backend := entratest.NewMiniredis()
	t.Cleanup(func() { _ = backend.Close() })
	watchdog, err := entratest.NewWatchdog(backend)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := watchdog.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stage{
		sts:  entratest.NewSTS(&entratest.STSOptions{Lifetime: life, Starved: watchdog.Starved}),
		page: livepage.New(opts),
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts, Backend: backend})
	t.Cleanup(func() { _ = s.gateway.Close() })
	cred, err := s.sts.ClientSecretCredential()
	if err != nil {
		t.Fatal(err)
	}
	s.src, err = entra.NewSource(cred, &entra.Options{Observer: s.page.Observer()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.src.Close() })
	s.page.Watch(s.src)
	opt := &redis.Options{Addr: s.gateway.Addr(), PoolSize: connections, PipelinePoolSize: -1, ClientName: "cart"}
	if err := entragoredis.Configure(opt, s.src, nil); err != nil {
		t.Fatal(err)
	}
	s.rdb = redis.NewClient(opt)
	t.Cleanup(func() { _ = s.rdb.Close() })
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.gone.Load() {
			panic(http.ErrAbortHandler)
		}
		s.page.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.page.Close()
		s.server.CloseClientConnections()
		s.server.Close()
	})
	s.work(t)
	return s
}

// vanish takes the page off the network, with the streams that are open, or puts it back.
func (s *stage) vanish(gone bool) {
	s.gone.Store(gone)
	if gone {
		s.server.CloseClientConnections()
	}
}

// work opens all connections of the pool and keeps one goroutine busy until the test ends.
func (s *stage) work(t *testing.T) {
	t.Helper()
	var all []*redis.Conn
	for range connections {
		c := s.rdb.Conn()
		if err := c.Ping(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for _, c := range all {
		_ = c.Close()
	}
	ctx, stop := context.WithCancel(context.Background())
	var busy sync.WaitGroup
	busy.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = s.rdb.Incr(ctx, "visits").Err() // fails while the test wants it to
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { stop(); busy.Wait() })
}

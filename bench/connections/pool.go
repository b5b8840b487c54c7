package connections

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraredis/entraredis/bench/internal/peers"
)

// pool measures go-redis with n connections in its pool, which are idle until shortly before their token expires, when
// all are wanted at once.
func pool(ctx context.Context, way string, n int, cred *credential) (*Way, error) {
	server, err := start(ctx)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	patience := cred.life / 2
	var timeout time.Duration
	if cred.steps != nil {
		if err := server.holdExpiry(); err != nil {
			return nil, err
		}
		patience, timeout = hangs, hangs
	}
	client, err := openGoRedis(ctx, way, peers.Site{Addr: server.addr, Credential: cred, Conns: n, Timeout: timeout})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	expires, err := cred.second(ctx)
	if err != nil {
		return nil, err
	}
	w := &Way{Name: "go-redis, " + way, Conns: n, Life: cred.life}
	before := heap()
	if failed := fill(ctx, client, n, patience); failed > 0 {
		return nil, fmt.Errorf("%s: %d of %d connections could not be opened", way, failed, n)
	}
	w.Heap = float64(heap()-before) / float64(n)
	if cred.steps != nil {
		renewed := 0
		if way == peers.Ours {
			renewed = n // the other renews no connection that lies idle
		}
		if err := w.step(ctx, cred, server, renewed); err != nil {
			return nil, err
		}
		w.Failed = fill(ctx, client, n, patience)
		return w, w.see(server)
	}
	for time.Until(expires) > cred.life*8/100 { // by then every connection has the newer token
		w.Goroutines = max(w.Goroutines, goroutines())
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return nil, err
		}
	}
	w.Failed = fill(ctx, client, n, patience)
	if err := sleep(ctx, time.Until(expires.Add(200*time.Millisecond))); err != nil {
		return nil, err
	}
	return w, w.see(server)
}

// hangs is how long a call waits for what comes at once or not at all.
const hangs = 5 * time.Minute

// openGoRedis opens a client of go-redis.
func openGoRedis(ctx context.Context, way string, at peers.Site) (peers.Client, error) {
	all := peers.All()
	i := slices.IndexFunc(all, func(p peers.Peer) bool { return p.Library == "go-redis" && p.Name == way })
	if i < 0 {
		return nil, fmt.Errorf("go-redis has no way %q", way)
	}
	return all[i].Open(ctx, at)
}

// fill uses n connections at the same time, for the server lets all of them wait for the last one, and returns how many
// commands failed. It gives up after patience.
func fill(ctx context.Context, client peers.Client, n int, patience time.Duration) (failed int) {
	var all sync.WaitGroup
	var wrong atomic.Int32
	for range n {
		all.Go(func() {
			if _, err := client.Pop(ctx, strconv.Itoa(n), patience); err != nil {
				wrong.Add(1)
			}
		})
	}
	all.Wait()
	return int(wrong.Load())
}

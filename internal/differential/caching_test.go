package differential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entraconn"
	"github.com/entraredis/entraredis/internal/newerfield"
)

const cachedKeys = 50

// A cachedGet reads a key through the library's client-side cache.
type cachedGet func(ctx context.Context, key string) (string, error)

func cachingClients(t *testing.T, addr string, src *entra.Source) map[string]cachedGet {
	dial := func() dialFunc { return entraconn.NewDialer(src, nil).DialFunc(plainDial) }
	fromRueidis := func(opt rueidis.ClientOption, dial dialFunc) cachedGet {
		c := newRueidis(t, addr, dial, opt).(rueidisClient).c
		t.Cleanup(c.Close)
		return func(ctx context.Context, key string) (string, error) {
			return c.DoCache(ctx, c.B().Get().Key(key).Cache(), time.Hour).ToString()
		}
	}
	clients := map[string]cachedGet{
		"rueidis, CLIENT CACHING YES":                       fromRueidis(rueidis.ClientOption{}, dial()),
		"rueidis, CLIENT CACHING YES in a write of its own": fromRueidis(rueidis.ClientOption{}, splitDial(dial(), src)),
		"rueidis, broadcast":                                fromRueidis(rueidis.ClientOption{ClientTrackingOptions: []string{"PREFIX", "cached:", "BCAST"}}, dial()),
	}
	opt := &redis.Options{Addr: addr, Protocol: 3, Dialer: dial(), MaxRetries: -1}
	if newerfield.Set(opt, "ClientSideCacheConfig.DrainInterval", 0) { // the oldest supported version has no cache
		g := redis.NewClient(opt)
		t.Cleanup(func() { g.Close() })
		clients["go-redis"] = func(ctx context.Context, key string) (string, error) { return g.Get(ctx, key).Result() }
	}
	return clients
}

// A splitConn ends a write after CLIENT CACHING YES and writes the rest when two newer tokens have come: an AUTH that is
// due goes to the first place where it may, and in one write that is before CLIENT CACHING YES.
type splitConn struct {
	net.Conn
	src *entra.Source
}

func splitDial(dial dialFunc, src *entra.Source) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &splitConn{conn, src}, nil
	}
}

func (c *splitConn) Write(p []byte) (n int, err error) {
	const caching = "CACHING\r\n$3\r\nYES\r\n"
	at := bytes.Index(p, []byte(caching))
	if at < 0 {
		return c.Conn.Write(p)
	}
	at += len(caching)
	if n, err = c.Conn.Write(p[:at]); err != nil {
		return n, err
	}
	for range 2 {
		_, newer := c.src.Latest()
		<-newer
	}
	n, err = c.Conn.Write(p[at:])
	return at + n, err
}

// This catches an invalidation that is lost, or one that Redis never sends because an AUTH came between CLIENT CACHING
// YES and the command that it belongs to: then a value stays in the cache for ever.
func TestCachesAreNotStale(t *testing.T) {
	site := newSite(t)
	src := (&rapid{life: 8 * time.Millisecond}).source(t)
	clients := cachingClients(t, site.addr, src)

	for k := range cachedKeys {
		site.do(t, "SET", fmt.Sprint("cached:", k), 0)
	}
	const phases = 4
	rng := seeded(0)
	reads, writes := 0, 0
	for phase := range phases {
		site.writeDuring(t, rng, func() { reads += readDuring(t, clients, src, max(1, *rotations/phases), 100/phases) }, &writes)
		for name, get := range clients {
			for k := range cachedKeys {
				key := fmt.Sprint("cached:", k)
				want := site.do(t, "GET", key)
				if got := awaitCached(t, get, key, want); got != want {
					t.Fatalf("phase %d, %s: %s is %q in the cache; it was set to %q %v ago", phase, name, key, got, want, hung)
				}
			}
		}
	}
	t.Logf("%d reads through a cache, %d values set, %d reads of them at the server, %d AUTHs", reads, writes, site.calls(t, "get")-phases*cachedKeys*len(clients), site.auths(t))
}

// awaitCached reads a key through a cache until it is what it was set to, because an invalidation may be under way. One
// that is lost never comes.
func awaitCached(t *testing.T, get cachedGet, key, want string) (got string) {
	for began := time.Now(); time.Since(began) < hung; {
		var err error
		if got, err = get(t.Context(), key); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if got == want {
			break
		}
	}
	return got
}

// writeDuring sets keys all the time while f runs.
func (s *site) writeDuring(t *testing.T, rng *rand.Rand, f func(), writes *int) {
	c, err := redigo.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	over := make(chan struct{})
	go func() { f(); close(over) }()
	for {
		if _, err := c.Do("SET", fmt.Sprint("cached:", rng.IntN(cachedKeys)), *writes); err != nil {
			t.Error(err)
		}
		*writes++
		pause := time.NewTimer(time.Duration(rng.IntN(500)) * time.Microsecond)
		select {
		case <-pause.C:
		case <-over:
			return
		}
	}
}

// readDuring reads keys through all the caches while so many tokens come. A value may be as old as an invalidation is
// under way, but no key ever goes back.
func readDuring(t *testing.T, clients map[string]cachedGet, src *entra.Source, tokens, percent int) (reads int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var readers sync.WaitGroup
	part := uint64(0)
	for name, get := range clients {
		part++
		rng := seeded(part)
		readers.Go(func() {
			newest := map[string]int{}
			for n := 0; ctx.Err() == nil; n++ {
				key := fmt.Sprint("cached:", rng.IntN(cachedKeys))
				value, err := get(ctx, key)
				if errors.Is(err, redis.Nil) || rueidis.IsRedisNil(err) || ctx.Err() != nil {
					continue
				}
				number, atoi := strconv.Atoi(value)
				if err != nil || atoi != nil || number < newest[key] {
					t.Errorf("%s: %s is %q after %d, %v", name, key, value, newest[key], err)
					return
				}
				newest[key] = number
				mu.Lock()
				reads++
				mu.Unlock()
				<-time.NewTimer(20 * time.Microsecond).C // others need the processors too
			}
		})
	}
	enough := until(tokens, percent)
	for got := 0; !enough(got); got++ {
		_, newer := src.Latest()
		<-newer
	}
	cancel()
	readers.Wait()
	return reads
}

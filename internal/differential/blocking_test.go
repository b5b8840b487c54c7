package differential

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/core/entraconn"
)

// A blockingWay is a way to wait for the next number, and to push it to the one that waits.
type blockingWay struct {
	name string
	push func(key string, n int) []string
	pop  func(key string) []string
	// fromEnd is which word of the reply the number is, counted from the end.
	fromEnd int
}

// blockingWays are those of all servers: one may not know BLMOVE and BZMPOP.
var blockingWays = []blockingWay{
	{"BLPOP", rpush, func(key string) []string { return []string{"BLPOP", key, "0"} }, 1},
	{"BRPOPLPUSH", lpush, func(key string) []string { return []string{"BRPOPLPUSH", key, key + ":taken", "0"} }, 1},
	{"BLMOVE", rpush, func(key string) []string { return []string{"BLMOVE", key, key + ":taken", "LEFT", "RIGHT", "0"} }, 1},
	{"BZPOPMIN", zadd, func(key string) []string { return []string{"BZPOPMIN", key, "0"} }, 1},
	{"BZMPOP", zadd, func(key string) []string { return []string{"BZMPOP", "0", "1", key, "MIN"} }, 2},
	{"XREADGROUP", func(key string, n int) []string { return []string{"XADD", key, "*", "n", strconv.Itoa(n)} },
		func(key string) []string {
			return []string{"XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "BLOCK", "0", "NOACK", "STREAMS", key, ">"}
		}, 1},
}

func rpush(key string, n int) []string { return []string{"RPUSH", key, strconv.Itoa(n)} }

func lpush(key string, n int) []string { return []string{"LPUSH", key, strconv.Itoa(n)} }

func zadd(key string, n int) []string { return []string{"ZADD", key, strconv.Itoa(n), strconv.Itoa(n)} }

// A blocker waits for the replies of blocking commands.
type blocker interface {
	block(ctx context.Context, command []string) (any, error)
	close()
}

func (g goRedis) block(ctx context.Context, command []string) (any, error) {
	return g.c.Do(ctx, anys(command)...).Result()
}

func (r rueidisClient) block(ctx context.Context, command []string) (any, error) {
	return r.c.Do(ctx, r.c.B().Arbitrary(command[0]).Args(command[1:]...).Blocking()).ToAny()
}

func (r redigoClient) block(_ context.Context, command []string) (any, error) {
	c := r.pool.Get()
	defer c.Close()
	return redigo.DoWithTimeout(c, hung, command[0], anys(command[1:])...)
}

func blockers(t *testing.T, addr string, dial func() dialFunc) map[string]blocker {
	fromRueidis := func(opt rueidis.ClientOption) blocker { return newRueidis(t, addr, dial(), opt).(rueidisClient) }
	fromGoRedis := func(protocol int) blocker {
		return goRedis{redis.NewClient(&redis.Options{Addr: addr, Protocol: protocol, Dialer: dial(), ReadTimeout: hung, MaxRetries: -1, PoolSize: 20})}
	}
	pooled := dial()
	return map[string]blocker{
		"go-redis RESP2": fromGoRedis(2),
		"go-redis RESP3": fromGoRedis(3),
		"rueidis RESP2":  fromRueidis(rueidis.ClientOption{AlwaysRESP2: true, DisableCache: true}),
		"rueidis RESP3":  fromRueidis(rueidis.ClientOption{}),
		"redigo": redigoClient{&redigo.Pool{MaxIdle: 20, Dial: func() (redigo.Conn, error) {
			return redigo.Dial("tcp", addr, redigo.DialNetDial(func(network, addr string) (net.Conn, error) { return pooled(context.Background(), network, addr) }))
		}}},
	}
}

// This catches a blocking call that ends, loses an element or takes one twice because its command was sent again.
func TestBlockedCallsMissNothing(t *testing.T) {
	site := newSite(t)
	site.do(t, "CONFIG", "SET", "hz", "500") // or timeouts are noticed up to 100 ms late, when nothing else happens
	src := (&rapid{life: 60 * time.Millisecond}).source(t)
	ways, commands := site.blockingWays(t)
	before := site.calls(t, commands...)
	popped := 0
	var mu sync.Mutex
	var consumers sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{}) // enough tokens have come
	parts := uint64(0)
	for name, c := range blockers(t, site.addr, func() dialFunc { return entraconn.NewDialer(src, nil).DialFunc(plainDial) }) {
		defer c.close()
		for _, way := range ways {
			key := way.name + " " + name
			if way.name == "XREADGROUP" {
				site.do(t, "XGROUP", "CREATE", key, "g", "$", "MKSTREAM")
			}
			final := make(chan int, 1)
			rng := seeded(parts)
			parts++
			consumers.Go(func() { site.produce(t, rng, way, key, done, final) })
			consumers.Go(func() {
				n, err := consume(ctx, c, way, key, final)
				if err != nil {
					t.Errorf("%s: after %d elements: %v", key, n, err)
				}
				mu.Lock()
				defer mu.Unlock()
				popped += n
			})
		}
	}
	tokens := 0
	for enough := until(*rotations, 100); !enough(tokens); tokens++ {
		_, newer := src.Latest()
		<-newer
	}
	close(done)
	consumers.Wait()
	calls := site.calls(t, commands...) - before
	if calls < popped+tokens {
		t.Errorf("%d commands for %d elements: hardly any was sent in slices", calls, popped)
	}
	t.Logf("%d elements popped, one call each, by %d blocking commands; %d AUTHs", popped, calls, site.auths(t))
}

// blockingWays returns those whose commands the server knows, and the names that it counts them by.
func (s *site) blockingWays(t *testing.T) (known []blockingWay, commands []string) {
	t.Helper()
	for _, way := range blockingWays {
		if s.knows(t, way.name) {
			known, commands = append(known, way), append(commands, strings.ToLower(way.name))
		}
	}
	return known, commands
}

// consume pops numbers until it has the one that final says, and fails unless each call gives the next one.
func consume(ctx context.Context, c blocker, way blockingWay, key string, final chan int) (n int, err error) {
	for end := -1; n != end; {
		call, cancel := context.WithCancel(ctx)
		late := time.AfterFunc(hung, cancel) // no deadline, which some libraries treat in another way
		reply, err := c.block(call, way.pop(key))
		late.Stop()
		cancel()
		if err != nil {
			return n, err
		}
		words := strings.FieldsFunc(fmt.Sprint(brief(reply)), func(r rune) bool { return strings.ContainsRune("[] {}map:", r) })
		if got := words[len(words)-way.fromEnd]; got != strconv.Itoa(n+1) {
			return n, fmt.Errorf("%v after %d", reply, n)
		}
		if n++; end < 0 {
			select {
			case end = <-final:
			default:
			}
		}
	}
	return n, nil
}

// produce pushes numbers, sometimes in bursts, sometimes with pauses of several tokens, until done
// is closed. Before it pushes the last number it sends that number on final.
func (s *site) produce(t *testing.T, rng *rand.Rand, way blockingWay, key string, done <-chan struct{}, final chan<- int) {
	c, err := redigo.Dial("tcp", s.addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	for n := 1; ; n++ {
		pause := time.NewTimer(time.Duration(rng.IntN(400)*rng.IntN(2)) * time.Millisecond)
		stop := false
		select {
		case <-pause.C:
		case <-done:
			stop = true
			final <- n
		}
		command := way.push(key, n)
		if _, err := c.Do(command[0], anys(command[1:])...); err != nil {
			t.Error(err)
		}
		if stop {
			return
		}
	}
}

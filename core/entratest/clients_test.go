package entratest_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/entraredis/entraredis/core/entratest"
)

func dialIgnoringNames(s *site) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) }
}

func newGoRedis(t *testing.T, s *site, protocol int) *goredis.Client {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{
		Addr: s.gateway.Addr(), Dialer: dialIgnoringNames(s), Protocol: protocol,
		Username: entratest.ObjectID, Password: s.token(t),
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func newRueidis(t *testing.T, s *site, protocol int) rueidis.Client {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{s.gateway.Addr()},
		DialCtxFn: func(ctx context.Context, _ string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return s.dial(ctx)
		},
		Username: entratest.ObjectID, Password: s.token(t),
		AlwaysRESP2: protocol == 2, DisableCache: protocol == 2,
		ForceSingleClient: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func newRedigo(t *testing.T, s *site) redigo.Conn {
	t.Helper()
	c, err := redigo.DialContext(t.Context(), "tcp", s.gateway.Addr(),
		redigo.DialContextFunc(dialIgnoringNames(s)),
		redigo.DialUsername(entratest.ObjectID), redigo.DialPassword(s.token(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Clients that ask take a server which calls itself a cluster for one, and go where it says.
func TestServerIsNoCluster(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		const want = "ERR This instance has cluster support disabled"
		if reply, err := newRedigo(t, s).Do("CLUSTER", "SLOTS"); err == nil || err.Error() != want {
			t.Errorf("got %v, %v, want the error %q", reply, err, want)
		}
	})
}

func TestGoRedisWorksThroughGateway(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		for _, protocol := range []int{2, 3} {
			ctx := t.Context()
			c := newGoRedis(t, s, protocol)
			key := fmt.Sprint("go-redis:", protocol)
			if err := c.Set(ctx, key, "v", time.Hour).Err(); err != nil {
				t.Fatal(err)
			}
			cmds, err := c.TxPipelined(ctx, func(p goredis.Pipeliner) error {
				p.HSet(ctx, key+":h", "a", 1, "b", 2)
				p.HGetAll(ctx, key+":h")
				p.Get(ctx, key)
				return nil
			})
			if err != nil || cmds[2].(*goredis.StringCmd).Val() != "v" || len(cmds[1].(*goredis.MapStringStringCmd).Val()) != 2 {
				t.Errorf("RESP%d: %v, %v", protocol, cmds, err)
			}
			if err := c.Get(ctx, "nothing").Err(); err != goredis.Nil {
				t.Errorf("RESP%d: %v", protocol, err)
			}
			// WATCH that fails gives a null where an array was expected.
			err = c.Watch(ctx, func(tx *goredis.Tx) error {
				if err := c.Set(ctx, key, "other", 0).Err(); err != nil {
					return err
				}
				_, err := tx.TxPipelined(ctx, func(p goredis.Pipeliner) error { p.Get(ctx, key); return nil })
				return err
			}, key)
			if err != goredis.TxFailedErr {
				t.Errorf("RESP%d: watch: %v", protocol, err)
			}
			if err := c.BLPop(ctx, time.Second, key+":list").Err(); err != goredis.Nil {
				t.Errorf("RESP%d: BLPOP: %v", protocol, err)
			}
			sub := c.Subscribe(ctx, key+":news")
			if _, err := sub.Receive(ctx); err != nil {
				t.Fatal(err)
			}
			for i := range 100 {
				if n, err := c.Publish(ctx, key+":news", i).Result(); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
			for i := range 100 {
				m, err := sub.ReceiveMessage(ctx)
				if err != nil || m.Payload != itoa(i) {
					t.Fatalf("RESP%d: message %d: %v, %v", protocol, i, m, err)
				}
			}
			if err := sub.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestRueidisWorksThroughGateway(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		for _, protocol := range []int{2, 3} {
			ctx := t.Context()
			c := newRueidis(t, s, protocol)
			key := fmt.Sprint("rueidis:", protocol)
			if err := c.Do(ctx, c.B().Set().Key(key).Value("v").Build()).Error(); err != nil {
				t.Fatal(err)
			}
			multi := []rueidis.Completed{c.B().Multi().Build()}
			for range 10 {
				multi = append(multi, c.B().Get().Key(key).Build())
			}
			res := c.DoMulti(ctx, append(multi, c.B().Exec().Build())...)
			if got, err := res[len(res)-1].AsStrSlice(); err != nil || len(got) != 10 || got[9] != "v" {
				t.Errorf("RESP%d: %v, %v", protocol, got, err)
			}
			if err := c.Do(ctx, c.B().Get().Key("nothing").Build()).Error(); !rueidis.IsRedisNil(err) {
				t.Errorf("RESP%d: %v", protocol, err)
			}
			if err := c.Do(ctx, c.B().Blpop().Key(key+":list").Timeout(1).Build()).Error(); !rueidis.IsRedisNil(err) {
				t.Errorf("RESP%d: BLPOP: %v", protocol, err)
			}
			receive(t, s, c, key+":news")
		}
	})
}

// receive subscribes, publishes, and wants every message once and in order.
func receive(t *testing.T, s *site, c rueidis.Client, channel string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	messages := make(chan string, 100)
	done := make(chan error, 1)
	go func() {
		done <- c.Receive(ctx, c.B().Subscribe().Channel(channel).Build(), func(m rueidis.PubSubMessage) { messages <- m.Message })
	}()
	s.eventually(t, "subscribed", func() bool {
		n, err := c.Do(ctx, c.B().PubsubNumsub().Channel(channel).Build()).AsIntMap()
		return err == nil && n[channel] == 1
	})
	for i := range 100 {
		if n, err := c.Do(ctx, c.B().Publish().Channel(channel).Message(itoa(i)).Build()).AsInt64(); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	for i := range 100 {
		if m := <-messages; m != itoa(i) {
			t.Fatalf("message %d is %q", i, m)
		}
	}
	cancel()
	<-done
}

func TestRueidisCachesThroughGateway(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		ctx := t.Context()
		c, other := newRueidis(t, s, 3), newRedigo(t, s)
		get := func() (string, bool) {
			r := c.DoCache(ctx, c.B().Get().Key("cached").Cache(), time.Hour)
			v, err := r.ToString()
			if err != nil {
				t.Fatal(err)
			}
			return v, r.IsCacheHit()
		}
		for _, value := range []string{"one", "two"} {
			if _, err := other.Do("SET", "cached", value); err != nil {
				t.Fatal(err)
			}
			s.eventually(t, "the cache has "+value, func() bool { v, _ := get(); return v == value })
			if _, hit := get(); !hit {
				t.Error("asked the server again")
			}
		}
	})
}

func TestRedigoWorksThroughGateway(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		c := newRedigo(t, s)
		if _, err := c.Do("SET", "redigo", "v"); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			if err := c.Send("GET", "redigo"); err != nil {
				t.Fatal(err)
			}
		}
		values, err := redigo.Strings(c.Do(""))
		if err != nil || strings.Join(values, "") != strings.Repeat("v", 100) {
			t.Errorf("%v, %v", values, err)
		}
		if reply, err := c.Do("BLPOP", "redigo:list", 1); reply != nil || err != nil {
			t.Errorf("BLPOP: %v, %v", reply, err)
		}
		sub := redigo.PubSubConn{Conn: newRedigo(t, s)}
		if err := sub.Subscribe("redigo:news"); err != nil {
			t.Fatal(err)
		}
		if got, ok := sub.Receive().(redigo.Subscription); !ok || got.Count != 1 {
			t.Errorf("%v", got)
		}
		if n, err := redigo.Int(c.Do("PUBLISH", "redigo:news", "hi")); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if got, ok := sub.Receive().(redigo.Message); !ok || string(got.Data) != "hi" {
			t.Errorf("%v", got)
		}
	})
}

func TestClientsAreToldOfARefusedToken(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS no such user here"})
		err := newGoRedis(t, s, 3).Ping(t.Context()).Err()
		if err == nil || !strings.Contains(err.Error(), "WRONGPASS no such user here") {
			t.Errorf("go-redis: %v", err)
		}
		_, err = redigo.DialContext(t.Context(), "tcp", s.gateway.Addr(), redigo.DialContextFunc(dialIgnoringNames(s)),
			redigo.DialUsername(entratest.ObjectID), redigo.DialPassword(s.token(t)))
		if err == nil || !strings.Contains(err.Error(), "WRONGPASS no such user here") {
			t.Errorf("redigo: %v", err)
		}
	})
}

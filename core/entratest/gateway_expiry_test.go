package entratest_test

import (
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// endsWith waits for c to end, and fails unless that is when a token from start expires.
func endsWith(t *testing.T, s *site, c *raw, start time.Time, life time.Duration) {
	t.Helper()
	if err := c.expectEnd(t); !errors.Is(err, io.EOF) {
		t.Errorf("ended with %v", err)
	}
	if d := time.Since(start) - life; d < 0 || d > s.slack {
		t.Errorf("ended %v after the token's expiry", d)
	}
}

func onBothWithLifetime(t *testing.T, test func(t *testing.T, s *site, life time.Duration)) {
	t.Helper()
	onMiniredis(t, func(t *testing.T, s *site) { test(t, s, entratest.DefaultLifetime) })
	onRedis(t, func(t *testing.T, s *site) {
		const short = 2 * time.Second // long enough for a slow machine to use a token
		s.sts.SetLifetime(short)
		test(t, s, short)
	})
}

func TestGatewayClosesConnectionsWhoseTokenExpired(t *testing.T) {
	onBothWithLifetime(t, func(t *testing.T, s *site, life time.Duration) {
		start := time.Now().Truncate(time.Microsecond)
		token := s.token(t)
		var conns []*raw
		for _, last := range []string{
			cmd("PING"),
			cmd("BLPOP", "list", "0"),
			cmd("SUBSCRIBE", "c"),
			cmd("MULTI"),
			cmd("CLIENT", "REPLY", "OFF"),
		} {
			c := dialRaw(t, s)
			c.exchange(t, cmd("AUTH", entratest.ObjectID, token), "+OK\r\n")
			c.send(t, last)
			conns = append(conns, c)
		}
		conns[0].expect(t, "+PONG\r\n")
		conns[2].expectLine(t, "*3")
		for range 5 {
			conns[2].expectLine(t, "")
		}
		conns[3].expect(t, "+OK\r\n")
		for _, c := range conns {
			endsWith(t, s, c, start, life)
		}
		s.eventually(t, "all gone", func() bool {
			st := s.gateway.Stats()
			return st.Expired == len(conns) && st.Open == 0
		})
		c := dialRaw(t, s)
		c.send(t, cmd("AUTH", entratest.ObjectID, token))
		c.expectLine(t, wrongPass)
	})
}

func TestGatewayCountsFromTheLastGoodAuth(t *testing.T) {
	onBothWithLifetime(t, func(t *testing.T, s *site, life time.Duration) {
		start := time.Now()
		first := s.token(t)
		<-time.After(life / 2)
		secondStart := time.Now()
		second := s.token(t)
		rotations := map[string]struct {
			send, want string
			extends    bool
		}{
			"AUTH":          {cmd("AUTH", entratest.ObjectID, second), "+OK\r\n", true},
			"queued":        {cmd("MULTI") + cmd("AUTH", entratest.ObjectID, second) + cmd("EXEC"), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n", true},
			"discarded":     {cmd("MULTI") + cmd("AUTH", entratest.ObjectID, second) + cmd("DISCARD"), "+OK\r\n+QUEUED\r\n+OK\r\n", false},
			"silent":        {cmd("CLIENT", "REPLY", "SKIP") + cmd("AUTH", entratest.ObjectID, second), "", true},
			"not newer":     {cmd("AUTH", entratest.ObjectID, second) + cmd("AUTH", entratest.ObjectID, first), "+OK\r\n+OK\r\n", false},
			"a stranger's":  {cmd("AUTH", "stranger", second), "", false},
			"after a RESET": {cmd("RESET") + cmd("AUTH", entratest.ObjectID, second), "+RESET\r\n+OK\r\n", true},
		}
		conns := map[string]*raw{}
		for name, r := range rotations {
			c := dialRaw(t, s)
			c.exchange(t, cmd("AUTH", entratest.ObjectID, first), "+OK\r\n")
			c.exchange(t, r.send, r.want)
			if r.want == "" && !r.extends {
				c.expectLine(t, wrongPass)
			}
			conns[name] = c
		}
		for _, extends := range []bool{false, true} {
			for name, r := range rotations {
				if r.extends != extends {
					continue
				}
				from := start
				if extends {
					from = secondStart
				}
				err := conns[name].expectEnd(t)
				if d := time.Since(from) - life; !errors.Is(err, io.EOF) || d < -time.Microsecond || d > s.slack {
					t.Errorf("%s: ended with %v, %v from the expiry", name, err, d)
				}
			}
		}
	})
}

func TestGatewayLeavesNothingBehind(t *testing.T) {
	redis := startRedis(t)
	goroutines := runtime.NumGoroutine()
	n := entratest.NewNetwork()
	l, err := n.Listen("redis.test:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{sts: entratest.NewSTS(nil)}
	s.gateway = entratest.NewGateway(l, &entratest.GatewayOptions{STS: s.sts, Backend: entratest.RedisAt(redis.Addr(), nil)})
	s.dial = plain(s, n.DialContext)
	login(t, s)
	login(t, s)
	closed(t, s.gateway)
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
		}
	}
	direct := dialRaw(t, &site{dial: toAddr(redis.Addr())})
	direct.exchange(t, cmd("ACL", "USERS"), "*1\r\n$7\r\ndefault\r\n")
}

func TestGatewayTellsClientsThatThereIsNoBackend(t *testing.T) {
	n := entratest.NewNetwork()
	l, err := n.Listen("redis.test:6380")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{gateway: entratest.NewGateway(l, &entratest.GatewayOptions{Backend: entratest.RedisAt("/nowhere/redis.sock", nil)})}
	defer closed(t, s.gateway)
	s.dial = plain(s, n.DialContext)
	dialRaw(t, s).expectLine(t, "-ERR entratest: no backend: entratest: dial unix /nowhere/redis.sock")
}

package entratest_test

import (
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// endsWith waits for c to end, and fails unless that is when a token from start expires. It is for a bubble.
func endsWith(t *testing.T, s *site, c *raw, start time.Time, life time.Duration) {
	t.Helper()
	if err := c.expectEnd(t); !errors.Is(err, io.EOF) {
		t.Errorf("ended with %v", err)
	}
	if d := time.Since(start) - life; d < 0 || d > s.slack {
		t.Errorf("ended %v after the token's expiry", d)
	}
}

// A serverTime is the clock of a site's servers, which a test lets advance.
type serverTime struct {
	*site
	// advance lets time pass. In a bubble it waits. In real time it sets the clock of the STS, so that a busy machine
	// needs no token that lives long enough for it.
	advance func(d time.Duration)
	now     func() time.Time
	real    bool
}

// hangs is how long a test in real time waits for what comes at once or not at all.
const hangs = 5 * time.Minute

// onBothInServerTime runs a test with tokens of life.
func onBothInServerTime(t *testing.T, test func(t *testing.T, s *serverTime)) {
	t.Helper()
	onMiniredis(t, func(t *testing.T, s *site) {
		s.sts.SetLifetime(life)
		test(t, &serverTime{site: s, advance: time.Sleep, now: time.Now})
	})
	onRedis(t, func(t *testing.T, s *site) {
		s.sts.SetLifetime(life)
		var ahead time.Duration
		test(t, &serverTime{
			site:    s,
			advance: func(d time.Duration) { ahead += d; s.sts.SetClock(ahead) },
			now:     func() time.Time { return time.Now().Add(ahead) },
			real:    true,
		})
	})
}

const life = entratest.DefaultLifetime

// nearly is what is left of a token's life when the servers' clock is set for the last time, so that a timer ends it.
const nearly = 100 * time.Millisecond

// endsWith waits for c to end, and fails if that is before a token from start expires, or in a bubble after that.
func (s *serverTime) endsWith(t *testing.T, c *raw, start time.Time) {
	t.Helper()
	if !s.real {
		endsWith(t, s.site, c, start, life)
		return
	}
	if err := c.SetDeadline(time.Now().Add(hangs)); err != nil {
		t.Fatal(err)
	}
	if err := c.expectEnd(t); !errors.Is(err, io.EOF) {
		t.Errorf("ended with %v", err)
	}
	if d := start.Add(life).Sub(s.now()); d > 0 {
		t.Errorf("ended %v before the token's expiry", d)
	}
}

func TestGatewayClosesConnectionsWhoseTokenExpired(t *testing.T) {
	onBothInServerTime(t, func(t *testing.T, s *serverTime) {
		start := s.now().Truncate(time.Microsecond)
		token := s.token(t)
		var conns []*raw
		for _, last := range []string{
			cmd("PING"),
			cmd("BLPOP", "list", "0"),
			cmd("SUBSCRIBE", "c"),
			cmd("MULTI"),
			cmd("CLIENT", "REPLY", "OFF"),
		} {
			c := dialRaw(t, s.site)
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
		s.advance(start.Add(life - nearly).Sub(s.now()))
		for _, c := range conns {
			s.endsWith(t, c, start)
		}
		s.eventually(t, "all gone", func() bool {
			st := s.gateway.Stats()
			return st.Expired == len(conns) && st.Open == 0
		})
		c := dialRaw(t, s.site)
		c.send(t, cmd("AUTH", entratest.ObjectID, token))
		c.expectLine(t, wrongPass)
	})
}

func TestGatewayCountsFromTheLastGoodAuth(t *testing.T) {
	onBothInServerTime(t, func(t *testing.T, s *serverTime) {
		start := s.now().Truncate(time.Microsecond)
		first := s.token(t)
		s.advance(life / 2)
		secondStart := s.now().Truncate(time.Microsecond)
		second := s.token(t)
		type rotation struct {
			send, want string
			extends    bool
		}
		rotations := map[string]rotation{
			"AUTH":         {cmd("AUTH", entratest.ObjectID, second), "+OK\r\n", true},
			"queued":       {cmd("MULTI") + cmd("AUTH", entratest.ObjectID, second) + cmd("EXEC"), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n", true},
			"discarded":    {cmd("MULTI") + cmd("AUTH", entratest.ObjectID, second) + cmd("DISCARD"), "+OK\r\n+QUEUED\r\n+OK\r\n", false},
			"silent":       {cmd("CLIENT", "REPLY", "SKIP") + cmd("AUTH", entratest.ObjectID, second), "", true},
			"not newer":    {cmd("AUTH", entratest.ObjectID, second) + cmd("AUTH", entratest.ObjectID, first), "+OK\r\n+OK\r\n", false},
			"a stranger's": {cmd("AUTH", "stranger", second), "", false},
		}
		if s.knows(t, reset) {
			rotations["after a RESET"] = rotation{cmd("RESET") + cmd("AUTH", entratest.ObjectID, second), "+RESET\r\n+OK\r\n", true}
		}
		conns := map[string]*raw{}
		for name, r := range rotations {
			c := dialRaw(t, s.site)
			c.exchange(t, cmd("AUTH", entratest.ObjectID, first), "+OK\r\n")
			c.exchange(t, r.send, r.want)
			if r.want == "" && !r.extends {
				c.expectLine(t, wrongPass)
			}
			conns[name] = c
		}
		ended := 0
		for _, extends := range []bool{false, true} {
			from := start
			if extends {
				from = secondStart
			}
			s.advance(from.Add(life - nearly).Sub(s.now()))
			for name, r := range rotations {
				if r.extends == extends {
					t.Log(name)
					s.endsWith(t, conns[name], from)
					ended++
				}
			}
			s.eventually(t, "only these have expired", func() bool { return s.gateway.Stats().Expired == ended })
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
	for deadline := time.Now().Add(hangs); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
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

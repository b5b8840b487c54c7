package redisserver_test

import (
	"testing"

	"github.com/gomodule/redigo/redis"

	"github.com/entraredis/entraredis/adapters/entraredigo"
	"github.com/entraredis/entraredis/bench/internal/redisserver"
)

func TestBothLoginsWorkOnBothPorts(t *testing.T) {
	s, err := redisserver.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	bothLoginsWork(t, s)
	joined, err := redisserver.Join(s.Access())
	if err != nil {
		t.Fatal(err)
	}
	bothLoginsWork(t, joined)
	if err := joined.Close(); err != nil {
		t.Error(err)
	}
	bothLoginsWork(t, s)
}

func bothLoginsWork(t *testing.T, s *redisserver.Server) {
	t.Helper()
	static := []redis.DialOption{redis.DialUsername(redisserver.User), redis.DialPassword(redisserver.Password)}
	for _, tc := range []struct {
		addr string
		opts *entraredigo.Options
		more []redis.DialOption
	}{
		{s.Addr, nil, nil},
		{s.TLSAddr, &entraredigo.Options{TLSConfig: s.TLS}, []redis.DialOption{redis.DialUseTLS(true), redis.DialTLSConfig(s.TLS)}},
	} {
		byPassword, err := redis.DialContext(t.Context(), "tcp", tc.addr, append(tc.more, static...)...)
		if err != nil {
			t.Fatal(err)
		}
		defer byPassword.Close()
		dial, err := entraredigo.DialContext(s.Source, tc.addr, tc.opts)
		if err != nil {
			t.Fatal(err)
		}
		byToken, err := dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer byToken.Close()
		for _, c := range []redis.Conn{byPassword, byToken} {
			if got, err := redis.String(c.Do("PING")); got != "PONG" || err != nil {
				t.Error(got, err)
			}
		}
	}
}
